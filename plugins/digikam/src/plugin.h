// RealQA in digiKam: the entries of the Tools menu.
#pragma once

#include "agent.h"
#include "applier.h"
#include "digikam.h"
#include "photos.h"

#include <QPointer>
#include <QWidget>

#define REALQA_PLUGIN_IID "org.kde.digikam.plugin.generic.RealQA"

namespace RealQA
{

class Window;

class Plugin : public Digikam::DPluginGeneric
{
    Q_OBJECT
    Q_PLUGIN_METADATA(IID REALQA_PLUGIN_IID)
    Q_INTERFACES(Digikam::DPluginGeneric)

public:
    explicit Plugin(QObject* parent = nullptr);
    ~Plugin() override;

    QString name() const override;
    QString iid() const override;
    QIcon icon() const override;
    QString description() const override;
    QString details() const override;
    QList<Digikam::DPluginAuthor> authors() const override;

    void setup(QObject* parent) override;

private:
    using Act = void (Plugin::*)(const Photos&);

    void addEntry(QObject* parent, const char* name, const QString& text, Act act);
    void scoreSelection(const Photos& photos);
    void scoreAlbum(const Photos& photos);
    void apply(const Photos& photos);
    void undo(const Photos& photos);
    void showResults(const Photos& photos);

    void hand(const QStringList& paths);
    void say(const QString& sentence, bool failed);

    Agent m_agent;
    Applier m_applier;
    QPointer<QWidget> m_host; ///< digiKam's window.
    QPointer<Window> m_window;
};

} // namespace RealQA
