// Says what the plugin's parts make of what they are given; see test_parts.py.
#include "agent.h"
#include "command.h"
#include "memory.h"
#include "plan.h"
#include "tsv.h"

#include <QCoreApplication>
#include <QFile>
#include <QJsonArray>
#include <QJsonDocument>
#include <QJsonObject>

#include <cstdio>

using namespace RealQA;

namespace
{

QJsonValue json(std::optional<int> number)
{
    return number ? QJsonValue(*number) : QJsonValue();
}

QJsonObject json(const Change& change)
{
    return {{"rating", json(change.rating)}, {"pick", json(change.pick)}};
}

std::optional<int> number(const QJsonValue& value)
{
    return value.isDouble() ? std::optional(value.toInt()) : std::nullopt;
}

Seen seenIn(const QJsonValue& value)
{
    return {value.toArray()[0].toInt(), value.toArray()[1].toInt()};
}

void say(const QJsonDocument& document)
{
    std::puts(document.toJson(QJsonDocument::Compact).constData());
}

QByteArray given()
{
    QFile input;
    input.open(stdin, QIODevice::ReadOnly);
    return input.readAll();
}

/// A list of `row` (cells of the agent's table) and `seen` (rating and pick label) comes in.
QJsonArray plans(const QJsonArray& cases)
{
    QJsonArray found;
    for (const QJsonValue& each : cases)
    {
        Tsv::Row row;
        const QJsonObject cells = each["row"].toObject();
        for (auto cell = cells.begin(); cell != cells.end(); ++cell)
        {
            row.insert(cell.key(), cell.value().toString());
        }
        const Result result = resultOf(row);
        const Seen seen = seenIn(each["seen"]);
        QJsonObject said = json(changes(result, seen));
        said.insert("kept", isKept(result, seen));
        found.append(said);
    }
    return found;
}

/// A list of `before`, `after` and `now` (rating and pick label each) comes in; what is null was not set.
QJsonArray undos(const QJsonArray& cases)
{
    QJsonArray found;
    for (const QJsonValue& each : cases)
    {
        const QJsonArray after = each["after"].toArray();
        found.append(json(reversed({{}, seenIn(each["before"]), {number(after[0]), number(after[1])}, {}, {}}, seenIn(each["now"]))));
    }
    return found;
}

int ask(QCoreApplication& application, QStringList words)
{
    Agent agent({words.takeFirst(), words, QStringLiteral("1.2")});
    agent.query({QStringLiteral("/a\tb\\n.jpg")}, &application, [&application](const Answer& answer) {
        QJsonArray paths;
        for (const Result& result : answer.results)
        {
            paths.append(result.path);
        }
        say(QJsonDocument(QJsonObject{{"problem", answer.problem}, {"advice", answer.advice}, {"paths", paths}}));
        application.quit();
    });
    return application.exec();
}

} // namespace

int main(int count, char** arguments)
{
    QCoreApplication application(count, arguments);
    QStringList words = application.arguments().mid(1);
    const QString what = words.takeFirst();
    if (what == QLatin1String("ask"))
    {
        return ask(application, words);
    }
    const QJsonArray cases = QJsonDocument::fromJson(given()).array();
    say(QJsonDocument(what == QLatin1String("plan") ? plans(cases) : undos(cases)));
    return 0;
}
