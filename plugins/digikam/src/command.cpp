#include "command.h"

#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>
#include <QVariant>

#include <dlfcn.h>

namespace RealQA
{

namespace
{

const QString Beside = QStringLiteral("agent.json");

/// Return the file that this code was loaded from.
QFileInfo ownFile()
{
    Dl_info info{};
    dladdr(reinterpret_cast<void*>(&installedCommand), &info);
    return QFileInfo(QFile::decodeName(info.dli_fname));
}

} // namespace

Command installedCommand()
{
    Command command{QStringLiteral("realqa"), {}, {}};
    QFile file(ownFile().dir().filePath(Beside));
    if (file.open(QIODevice::ReadOnly))
    {
        const QJsonObject said = QJsonDocument::fromJson(file.readAll()).object();
        QStringList words = said.value(QStringLiteral("command")).toVariant().toStringList();
        if (!words.isEmpty())
        {
            command.program = words.takeFirst();
            command.arguments = words;
            command.version = said.value(QStringLiteral("version")).toString();
        }
    }
    const QString chosen = qEnvironmentVariable("REALQA_COMMAND");
    return chosen.isEmpty() ? command : Command{chosen, {}, {}};
}

} // namespace RealQA
