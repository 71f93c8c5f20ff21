// Draws one photo in the list: picture, tick box, name, score and verdict.
#pragma once

#include <QStyledItemDelegate>

namespace RealQA
{

class Card : public QStyledItemDelegate
{
    Q_OBJECT

public:
    /// `edge` of the picture, in pixels.
    explicit Card(int edge, QObject* parent = nullptr);

    /// Show this score of the model's.
    void setScore(int role) { m_role = role; }

    QSize sizeHint(const QStyleOptionViewItem& option, const QModelIndex& index) const override;
    void paint(QPainter* painter, const QStyleOptionViewItem& option, const QModelIndex& index) const override;

protected:
    bool editorEvent(
        QEvent* event, QAbstractItemModel* model, const QStyleOptionViewItem& option, const QModelIndex& index) override;

private:
    QRect boxIn(const QStyleOptionViewItem& option) const;

    int m_edge;
    int m_role = 0;
};

} // namespace RealQA
