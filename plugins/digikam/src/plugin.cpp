#include "plugin.h"

#include "window.h"

#include <QMainWindow>
#include <QMessageBox>
#include <QStandardPaths>
#include <QStatusBar>

namespace RealQA
{

namespace
{

constexpr int NoticeMilliseconds = 10000;

/// Not beside the plugin, which is replaced when it is installed again.
QString memoryFile()
{
    return QStandardPaths::writableLocation(QStandardPaths::GenericDataLocation)
           + QStringLiteral("/realqa/digikam-applied.tsv");
}

} // namespace

Plugin::Plugin(QObject* parent)
    : DPluginGeneric(parent), m_agent(installedCommand()), m_applier(&m_agent, Memory(memoryFile()))
{
    connect(&m_applier, &Applier::ended, this, &Plugin::say);
}

Plugin::~Plugin()
{
    delete m_window;
}

QString Plugin::name() const
{
    return QStringLiteral("RealQA");
}

QString Plugin::iid() const
{
    return QStringLiteral(REALQA_PLUGIN_IID);
}

QIcon Plugin::icon() const
{
    return QIcon::fromTheme(QStringLiteral("rating"));
}

QString Plugin::description() const
{
    return tr("Scores photos, tells why, and sets the stars and pick labels that RealQA Agent suggests");
}

QString Plugin::details() const
{
    return tr("<p>Hands photos to RealQA Agent on this computer, shows its scores and reasons, and sets the stars and "
              "pick labels that it suggests. Yours are never changed.</p>");
}

QList<Digikam::DPluginAuthor> Plugin::authors() const
{
    return {Digikam::DPluginAuthor(QStringLiteral("RealQA Agent"), QString(), QStringLiteral("2026"))};
}

void Plugin::setup(QObject* parent)
{
    m_host = qobject_cast<QWidget*>(parent);
    addEntry(parent, "realqa_score_selection", tr("RealQA: Score Selection"), &Plugin::scoreSelection);
    addEntry(parent, "realqa_score_album", tr("RealQA: Score Album"), &Plugin::scoreAlbum);
    addEntry(parent, "realqa_apply", tr("RealQA: Apply Suggestions"), &Plugin::apply);
    addEntry(parent, "realqa_undo", tr("RealQA: Undo Last Apply"), &Plugin::undo);
    addEntry(parent, "realqa_results", tr("RealQA: Show Results…"), &Plugin::showResults);
}

void Plugin::addEntry(QObject* parent, const char* name, const QString& text, Act act)
{
    auto* const action = new Digikam::DPluginAction(parent);
    action->setObjectName(QLatin1String(name));
    action->setText(text);
    action->setIcon(icon());
    action->setActionCategory(Digikam::DPluginAction::GenericTool);
    connect(action, &QAction::triggered, this, [this, action, act] { (this->*act)(Photos(infoIface(action))); });
    addAction(action);
}

void Plugin::scoreSelection(const Photos& photos)
{
    const QStringList paths = photos.selected();
    if (paths.isEmpty())
    {
        say(tr("Select photos first."), false);
        return;
    }
    hand(paths);
}

void Plugin::scoreAlbum(const Photos& photos)
{
    const QStringList paths = photos.album();
    if (paths.isEmpty())
    {
        say(tr("There are no photos in this album."), false);
        return;
    }
    hand(paths);
}

void Plugin::apply(const Photos& photos)
{
    if (m_applier.isBusy())
    {
        say(tr("Still at work on the last click."), false);
        return;
    }
    m_applier.apply(photos, photos.selectedOrAlbum());
}

void Plugin::undo(const Photos& photos)
{
    if (m_applier.isBusy())
    {
        say(tr("Still at work on the last click."), false);
        return;
    }
    m_applier.undo(photos);
}

void Plugin::showResults(const Photos& photos)
{
    if (!m_window)
    {
        m_window = new Window(photos, &m_agent, &m_applier, m_host);
        m_window->setAttribute(Qt::WA_DeleteOnClose);
    }
    m_window->readAlbum();
    m_window->show();
    m_window->raise();
    m_window->activateWindow();
}

void Plugin::hand(const QStringList& paths)
{
    m_agent.add(paths, this, [this, count = paths.size()](const QString& problem) {
        say(problem.isEmpty() ? tr("Photos handed to the agent: %1.").arg(count) : problem, !problem.isEmpty());
    });
}

void Plugin::say(const QString& sentence, bool failed)
{
    if (m_window)
    {
        m_window->say(sentence, failed);
    }
    else if (auto* const host = qobject_cast<QMainWindow*>(m_host); host != nullptr && !failed)
    {
        host->statusBar()->showMessage(tr("RealQA: %1").arg(sentence), NoticeMilliseconds);
    }
    else
    {
        // Beside digiKam's work, not in its way.
        auto* const box = new QMessageBox(QMessageBox::Warning, tr("RealQA"), sentence, QMessageBox::Close, m_host);
        box->setAttribute(Qt::WA_DeleteOnClose);
        box->setModal(false);
        box->show();
    }
}

} // namespace RealQA
