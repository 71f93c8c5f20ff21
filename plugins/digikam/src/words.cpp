#include "words.h"

#include <QCoreApplication>
#include <QHash>
#include <QStringList>

#include <cmath>

namespace RealQA::Words
{

namespace
{

constexpr int MostStars = 5;

QString tr(const char* text)
{
    return QCoreApplication::translate("RealQA::Words", text);
}

QString duration(int seconds)
{
    if (seconds < 90)
    {
        return tr("%1 s").arg(seconds);
    }
    if (seconds < 5400)
    {
        return tr("%1 min").arg(std::lround(seconds / 60.0));
    }
    return tr("%1 h").arg(std::lround(seconds / 3600.0));
}

QString pick(int label)
{
    switch (label)
    {
    case 1: return tr("rejected");
    case 2: return tr("pending");
    case 3: return tr("accepted");
    default: return tr("no pick label");
    }
}

} // namespace

QString attribute(const QString& name)
{
    const QHash<QString, QString> names{
        {QStringLiteral("composition"), tr("composition")},
        {QStringLiteral("eye_catching"), tr("eye-catching")},
        {QStringLiteral("subject_and_background"), tr("subject and background")},
        {QStringLiteral("subject_integrity"), tr("subject integrity")},
        {QStringLiteral("subject_clutter"), tr("subject clutter")},
        {QStringLiteral("background_clutter"), tr("background clutter")},
        {QStringLiteral("level_shot"), tr("level")},
        {QStringLiteral("image_clarity"), tr("clarity")},
        {QStringLiteral("exposure"), tr("exposure")},
        {QStringLiteral("saturation"), tr("saturation")},
    };
    return names.value(name, name);
}

QString decision(const QString& name)
{
    const QHash<QString, QString> names{
        {QStringLiteral("keep"), tr("keep")},
        {QStringLiteral("review"), tr("to review")},
        {QStringLiteral("reject"), tr("reject")},
    };
    return names.value(name, name);
}

QString value(const QString& value)
{
    return QString(value).replace(QLatin1Char('_'), QLatin1Char(' '));
}

QString score(std::optional<double> score)
{
    return score ? QString::number(*score, 'f', 1) : QStringLiteral("–");
}

QString stars(std::optional<int> stars)
{
    if (!stars || *stars == 0)
    {
        return {};
    }
    if (*stars < 0)
    {
        return tr("reject");
    }
    return QString(*stars, QChar(0x2605)) + QString(MostStars - *stars, QChar(0x2606));
}

QString pulse(const Pulse& pulse)
{
    const QHash<QString, QString> doings{
        {QStringLiteral("runs"), tr("Agent at work")},
        {QStringLiteral("rests"), tr("Agent rests")},
        {QStringLiteral("stopped"), tr("Agent stopped")},
    };
    QString line = doings.value(pulse.agent, tr("Agent: unknown"));
    if (pulse.agent != QLatin1String("runs") && !pulse.why.isEmpty())
    {
        line += tr(" (%1)").arg(pulse.why);
    }
    if (pulse.left > 0)
    {
        line += tr(", in its queue: %1").arg(pulse.left);
    }
    if (pulse.left > 0 && pulse.etaSeconds)
    {
        line += tr(", about %1").arg(duration(*pulse.etaSeconds));
    }
    return line;
}

QString state(const Result& result)
{
    const QHash<QString, QString> states{
        {QString(), tr("The agent doesn't know this photo yet.")},
        {QStringLiteral("queued"), tr("Waits to be scored.")},
        {QStringLiteral("refused"), tr("Can't be scored.")},
        {QStringLiteral("gone"), tr("The file is gone.")},
    };
    return states.value(result.state);
}

QString marks(const Result& result, const Seen& seen)
{
    const QString rating = seen.rating > 0 ? stars(seen.rating) : tr("no stars");
    const QString shown = tr("%1, %2").arg(rating, pick(seen.pick));
    if (!isFree(result, seen))
    {
        return tr("%1: yours, left alone").arg(shown);
    }
    const bool unmarked = seen.rating <= 0 && seen.pick == 0;
    return unmarked ? shown : tr("%1: the agent's").arg(shown);
}

} // namespace RealQA::Words
