#include "window.h"

#include "card.h"
#include "details.h"
#include "results_filter.h"
#include "results_model.h"
#include "thumbnails.h"
#include "words.h"

#include <QComboBox>
#include <QHBoxLayout>
#include <QLabel>
#include <QListView>
#include <QPushButton>
#include <QSet>
#include <QShortcut>
#include <QSplitter>
#include <QVBoxLayout>

#include <algorithm>
#include <utility>

namespace RealQA
{

namespace
{

constexpr int Edge = 160;

/// Between two questions while results are still to come.
constexpr int AgainMilliseconds = 3000;

} // namespace

Window::Window(const Photos& photos, Agent* agent, Applier* applier, QWidget* parent)
    : QWidget(parent, Qt::Window),
      m_photos(photos),
      m_agent(agent),
      m_applier(applier),
      m_thumbnails(new Thumbnails(Edge, this)),
      m_model(new ResultsModel(m_thumbnails, [this](const QString& path) { return m_photos.orientation(path); }, this)),
      m_filter(new ResultsFilter(m_model, this)),
      m_card(new Card(Edge, this)),
      m_list(new QListView),
      m_details(new Details)
{
    setWindowTitle(tr("RealQA: results"));
    m_list->setModel(m_filter);
    m_list->setItemDelegate(m_card);
    m_list->setViewMode(QListView::IconMode);
    m_list->setMovement(QListView::Static);
    m_list->setResizeMode(QListView::Adjust);
    m_list->setUniformItemSizes(true);
    m_list->setSelectionMode(QAbstractItemView::SingleSelection);
    connect(m_list->selectionModel(), &QItemSelectionModel::currentChanged, this, &Window::showChosen);

    auto* const halves = new QSplitter;
    halves->addWidget(m_list);
    halves->addWidget(m_details);
    halves->setStretchFactor(0, 3);
    halves->setStretchFactor(1, 2);
    halves->setSizes({730, 470});

    m_message = new QLabel;
    m_message->setWordWrap(true);
    m_message->setTextFormat(Qt::PlainText);
    m_message->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_status = new QLabel(tr("Asking the agent …"));
    m_status->setTextFormat(Qt::PlainText);

    auto* const all = new QVBoxLayout(this);
    all->addWidget(buildFilters());
    all->addWidget(halves, 1);
    all->addWidget(buildButtons());
    all->addWidget(m_message);
    all->addWidget(m_status);
    resize(1200, 780);

    connect(m_model, &QAbstractItemModel::dataChanged, this, &Window::showButtons);
    connect(m_applier, &Applier::busyChanged, this, &Window::showButtons);
    connect(m_applier, &Applier::ended, this, [this](const QString& sentence, bool failed) {
        say(sentence, failed);
        ask();
    });
    fillValues();
    m_again.setSingleShot(true);
    m_again.setInterval(AgainMilliseconds);
    connect(&m_again, &QTimer::timeout, this, &Window::ask);
    sort();
}

QWidget* Window::buildFilters()
{
    const auto chooser = [](const QString& tip) {
        auto* const made = new QComboBox;
        made->setToolTip(tip);
        made->setSizeAdjustPolicy(QComboBox::AdjustToContents);
        return made;
    };
    const auto named = [](const QString& text, QWidget* what) {
        auto* const made = new QLabel(text);
        made->setBuddy(what);
        return made;
    };
    m_sort = chooser(tr("The best come first."));
    m_sort->addItem(tr("aesthetic"), ResultsModel::Aesthetic);
    m_sort->addItem(tr("quality"), ResultsModel::Quality);
    m_sort->addItem(tr("overall"), ResultsModel::Overall);
    m_decision = chooser(tr("Show photos with this verdict alone."));
    m_decision->addItem(tr("any verdict"), QString());
    for (const char* const name : {"keep", "review", "reject"})
    {
        m_decision->addItem(Words::decision(QLatin1String(name)), QLatin1String(name));
    }
    m_attribute = chooser(tr("Show photos by what the agent says of this."));
    m_attribute->addItem(tr("any attribute"), QString());
    for (const char* const name : AttributeNames)
    {
        m_attribute->addItem(Words::attribute(QLatin1String(name)), QLatin1String(name));
    }
    m_value = chooser(tr("Show photos of which this is said alone."));
    m_counts = new QLabel;
    auto* const again = new QPushButton(tr("&Read again"));
    again->setToolTip(tr("Show the album that is open in digiKam now, with the latest scores."));

    auto* const row = new QWidget;
    auto* const layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(named(tr("Sorted &by"), m_sort));
    layout->addWidget(m_sort);
    layout->addWidget(named(tr("S&how"), m_decision));
    layout->addWidget(m_decision);
    layout->addWidget(m_attribute);
    layout->addWidget(m_value);
    layout->addStretch();
    layout->addWidget(m_counts);
    layout->addWidget(again);

    const auto changed = QOverload<int>::of(&QComboBox::currentIndexChanged);
    connect(m_sort, changed, this, &Window::sort);
    connect(m_decision, changed, this, &Window::filter);
    connect(m_attribute, changed, this, &Window::fillValues);
    connect(m_value, changed, this, &Window::filter);
    connect(again, &QPushButton::clicked, this, &Window::readAlbum);
    return row;
}

QWidget* Window::buildButtons()
{
    auto* const all = new QPushButton(tr("&Tick shown"));
    auto* const none = new QPushButton(tr("U&ntick shown"));
    auto* const score = new QPushButton(tr("&Score album"));
    m_apply = new QPushButton;
    m_undo = new QPushButton(tr("&Undo last apply"));
    score->setToolTip(tr("Hand all photos of the album to the agent."));
    m_apply->setToolTip(tr("Set the suggested stars and pick labels on the ticked photos. Yours are kept."));
    m_undo->setToolTip(tr("Put back what was there before the last apply."));

    auto* const row = new QWidget;
    auto* const layout = new QHBoxLayout(row);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(all);
    layout->addWidget(none);
    layout->addStretch();
    layout->addWidget(score);
    layout->addWidget(m_undo);
    layout->addWidget(m_apply);

    connect(all, &QPushButton::clicked, this, [this] { tickShown(true); });
    connect(none, &QPushButton::clicked, this, [this] { tickShown(false); });
    connect(score, &QPushButton::clicked, this, &Window::score);
    connect(m_apply, &QPushButton::clicked, this, [this] { m_applier->apply(m_photos, m_model->ticked()); });
    connect(m_undo, &QPushButton::clicked, this, [this] { m_applier->undo(m_photos); });
    connect(new QShortcut(QKeySequence::Close, this), &QShortcut::activated, this, &QWidget::close);
    return row;
}

void Window::readAlbum()
{
    say({}, false);
    m_model->setPhotos(m_photos.album());
    m_details->showNothing();
    ask();
}

void Window::say(const QString& sentence, bool failed)
{
    m_message->setText(sentence);
    m_message->setVisible(!sentence.isEmpty());
    QPalette colours = palette();
    if (failed)
    {
        colours.setColor(QPalette::WindowText, QColor(0xc0, 0x39, 0x2b));
    }
    m_message->setPalette(colours);
}

void Window::ask()
{
    m_again.stop();
    m_agent->query(m_model->paths(), this, [this](const Answer& answer) { takeIn(answer); });
    showButtons();
}

void Window::takeIn(const Answer& answer)
{
    if (!answer.problem.isEmpty())
    {
        m_status->setText(tr("No answer from the agent"));
        say(answer.problem, true);
        return;
    }
    m_status->setText(Words::pulse(answer.pulse));
    if (!answer.advice.isEmpty())
    {
        say(answer.advice, false);
    }
    m_model->setResults(answer.results);
    fillValues();
    if (!m_list->currentIndex().isValid())
    {
        m_list->setCurrentIndex(m_filter->index(0, 0));
    }
    showChosen();
    if (m_model->isWaiting() && isVisible())
    {
        m_again.start();
    }
}

void Window::score()
{
    const QStringList paths = m_model->paths();
    m_agent->add(paths, this, [this, count = paths.size()](const QString& problem) {
        say(problem.isEmpty() ? tr("Photos handed to the agent: %1.").arg(count) : problem, !problem.isEmpty());
        if (problem.isEmpty())
        {
            ask();
        }
    });
}

void Window::sort()
{
    const int role = m_sort->currentData().toInt();
    m_card->setScore(role);
    m_filter->sortBy(role);
    m_list->viewport()->update();
}

void Window::fillValues()
{
    const QString name = m_attribute->currentData().toString(), before = m_value->currentData().toString();
    QSet<QString> found;
    for (int row = 0; row < m_model->rowCount(); ++row)
    {
        for (const Attribute& attribute : m_model->result(row).attributes)
        {
            if (attribute.name == name && !attribute.value.isEmpty())
            {
                found.insert(attribute.value);
            }
        }
    }
    QStringList values = found.values();
    std::sort(values.begin(), values.end(), [](const QString& one, const QString& other) {
        const auto first = wholeNumber(one), second = wholeNumber(other);
        return first && second ? *first < *second : one < other;
    });
    m_value->blockSignals(true);
    m_value->clear();
    m_value->addItem(tr("any value"), QString());
    for (const QString& value : std::as_const(values))
    {
        m_value->addItem(Words::value(value), value);
    }
    m_value->setCurrentIndex(std::max(0, m_value->findData(before)));
    m_value->setVisible(!name.isEmpty());
    m_value->blockSignals(false);
    filter();
}

void Window::filter()
{
    m_filter->setDecision(m_decision->currentData().toString());
    m_filter->setAttribute(m_attribute->currentData().toString(), m_value->currentData().toString());
    showCounts();
}

void Window::tickShown(bool ticked)
{
    QModelIndexList shown;
    for (int row = 0; row < m_filter->rowCount(); ++row)
    {
        shown << m_filter->mapToSource(m_filter->index(row, 0));
    }
    m_model->setAllTicked(shown, ticked);
}

void Window::showChosen()
{
    const QModelIndex chosen = m_filter->mapToSource(m_list->currentIndex());
    if (!chosen.isValid())
    {
        m_details->showNothing();
        return;
    }
    const Result& result = m_model->result(chosen.row());
    m_details->showPhoto(result, m_photos.seen(result.path));
}

void Window::showCounts()
{
    m_counts->setText(tr("%1 of %2").arg(m_filter->rowCount()).arg(m_model->rowCount()));
}

void Window::showButtons()
{
    const int ticked = m_model->ticked().size();
    m_apply->setText(tr("&Apply to %1 ticked").arg(ticked));
    m_apply->setEnabled(ticked > 0 && !m_applier->isBusy());
    m_undo->setEnabled(m_applier->canUndo() && !m_applier->isBusy());
}

} // namespace RealQA
