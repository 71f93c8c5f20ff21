#include "card.h"

#include "results_model.h"
#include "words.h"

#include <QApplication>
#include <QKeyEvent>
#include <QMouseEvent>
#include <QPainter>
#include <QStyle>

namespace RealQA
{

namespace
{

constexpr int Margin = 6;

QColor colourOf(const QString& decision)
{
    if (decision == QLatin1String("keep"))
    {
        return QColor(0x2e, 0x8b, 0x57);
    }
    return decision == QLatin1String("reject") ? QColor(0xc0, 0x39, 0x2b) : QColor(0xd6, 0x89, 0x10);
}

} // namespace

Card::Card(int edge, QObject* parent) : QStyledItemDelegate(parent), m_edge(edge) {}

QSize Card::sizeHint(const QStyleOptionViewItem& option, const QModelIndex&) const
{
    return {m_edge + 2 * Margin, m_edge + 2 * option.fontMetrics.lineSpacing() + 3 * Margin};
}

void Card::paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const
{
    const bool chosen = option.state & QStyle::State_Selected;
    const auto group = option.state & QStyle::State_Active ? QPalette::Active : QPalette::Inactive;
    painter->save();
    if (chosen)
    {
        painter->fillRect(option.rect, option.palette.brush(group, QPalette::Highlight));
    }
    const QRect inside = option.rect.adjusted(Margin, Margin, -Margin, -Margin);
    const QRect square(inside.topLeft(), QSize(m_edge, m_edge));
    const auto picture = index.data(Qt::DecorationRole).value<QPixmap>();
    painter->drawPixmap(
        QStyle::alignedRect(option.direction, Qt::AlignHCenter | Qt::AlignBottom, picture.size(), square), picture);

    const int line = option.fontMetrics.lineSpacing();
    QRect below(inside.left(), square.bottom() + Margin, m_edge, line);
    painter->setPen(option.palette.color(group, chosen ? QPalette::HighlightedText : QPalette::Text));
    painter->drawText(
        below, Qt::AlignCenter, option.fontMetrics.elidedText(index.data().toString(), Qt::ElideMiddle, m_edge));
    below.translate(0, line);
    if (const QString decision = index.data(ResultsModel::Decision).toString(); !decision.isEmpty())
    {
        const QString said = QStringLiteral("%1  %2").arg(
            Words::score(index.data(m_role).toDouble()), Words::decision(decision));
        const int mark = line / 2, width = option.fontMetrics.horizontalAdvance(said) + 2 * mark;
        const QRect middle = QStyle::alignedRect(option.direction, Qt::AlignCenter, QSize(width, line), below);
        painter->fillRect(QRect(middle.left(), middle.center().y() - mark / 2, mark, mark), colourOf(decision));
        painter->drawText(middle.adjusted(2 * mark, 0, 0, 0), Qt::AlignVCenter, said);
    }
    painter->restore();

    if (const QVariant ticked = index.data(Qt::CheckStateRole); ticked.isValid())
    {
        QStyleOptionViewItem box = option;
        box.rect = boxIn(option);
        box.state &= ~QStyle::State_HasFocus;
        box.state |= ticked.toInt() == Qt::Checked ? QStyle::State_On : QStyle::State_Off;
        const QStyle* const style = option.widget != nullptr ? option.widget->style() : QApplication::style();
        painter->fillRect(box.rect, option.palette.color(QPalette::Base));
        style->drawPrimitive(QStyle::PE_IndicatorItemViewItemCheck, &box, painter, option.widget);
    }
}

bool Card::editorEvent(
    QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option, const QModelIndex& index)
{
    bool toggles = false;
    if (event->type() == QEvent::MouseButtonRelease)
    {
        const auto* const mouse = static_cast<QMouseEvent*>(event);
        toggles = mouse->button() == Qt::LeftButton && boxIn(option).contains(mouse->pos());
    }
    else if (event->type() == QEvent::KeyPress)
    {
        toggles = static_cast<QKeyEvent*>(event)->key() == Qt::Key_Space;
    }
    if (!toggles)
    {
        return false;
    }
    const bool ticked = index.data(Qt::CheckStateRole).toInt() == Qt::Checked;
    return model->setData(index, ticked ? Qt::Unchecked : Qt::Checked, Qt::CheckStateRole);
}

QRect Card::boxIn(const QStyleOptionViewItem& option) const
{
    const QStyle* const style = option.widget != nullptr ? option.widget->style() : QApplication::style();
    const int width = style->pixelMetric(QStyle::PM_IndicatorWidth, &option, option.widget);
    const int height = style->pixelMetric(QStyle::PM_IndicatorHeight, &option, option.widget);
    return {option.rect.topLeft() + QPoint(Margin, Margin), QSize(width, height)};
}

} // namespace RealQA
