#include "result.h"

namespace RealQA
{

namespace
{

std::optional<double> number(const QString& cell)
{
    bool whole = false;
    const double value = cell.toDouble(&whole);
    return whole ? std::optional(value) : std::nullopt;
}

} // namespace

std::optional<int> wholeNumber(const QString& cell)
{
    bool whole = false;
    const int value = cell.toInt(&whole);
    return whole ? std::optional(value) : std::nullopt;
}

QString cellOf(std::optional<int> number)
{
    return number ? QString::number(*number) : QString();
}

Result resultOf(const Tsv::Row& row)
{
    const auto cell = [&row](const char* column) { return row.value(QLatin1String(column)); };
    Result result;
    result.path = cell("path");
    result.state = cell("state");
    result.decision = cell("decision");
    result.reason = cell("reason");
    result.overall = number(cell("overall"));
    result.quality = number(cell("quality"));
    result.aesthetic = number(cell("aesthetic"));
    result.suggested = {wholeNumber(cell("stars")), wholeNumber(cell("pick"))};
    result.written = {wholeNumber(cell("stars_written")), wholeNumber(cell("pick_written"))};
    result.human = cell("human") == QLatin1String("1");
    result.keywords = cell("keywords_written");
    for (const char* column : AttributeNames)
    {
        const QString name = QLatin1String(column);
        result.attributes.append({
            name,
            row.value(name),
            number(row.value(name + QLatin1String("_score"))),
            row.value(name + QLatin1String("_reason")),
        });
    }
    return result;
}

Pulse pulseOf(const Tsv::Table& table)
{
    const auto note = [&table](const char* key, int at) { return table.notes.value(QLatin1String(key)).value(at); };
    Pulse pulse;
    pulse.agent = note("agent", 0);
    pulse.why = note("agent", 1);
    pulse.left = note("queue", 0).toInt();
    pulse.etaSeconds = wholeNumber(note("queue", 1));
    pulse.version = note("program", 0);
    return pulse;
}

} // namespace RealQA
