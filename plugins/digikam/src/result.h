// What the agent says of one photo, and how the agent fares. Pure data.
#pragma once

#include "tsv.h"

#include <QString>
#include <QVector>

#include <array>
#include <optional>

namespace RealQA
{

/// The ten attributes, in the order in which they are shown.
inline constexpr std::array AttributeNames{
    "composition",        "eye_catching", "subject_and_background", "subject_integrity", "subject_clutter",
    "background_clutter", "level_shot",   "image_clarity",          "exposure",          "saturation",
};

struct Attribute
{
    QString name;
    QString value; ///< A word, or a whole number from 1 to 10.
    std::optional<double> score;
    QString reason;
};

/// Stars and pick label, as digiKam has them.
struct Marks
{
    std::optional<int> stars; ///< 1 to 5; -1 rejected, which digiKam knows as a pick label alone.
    std::optional<int> pick;  ///< 0 none, 1 rejected, 2 pending, 3 accepted.
};

struct Result
{
    QString path;
    QString state;    ///< `scored`, `queued`, `refused`, `gone`; empty if the agent doesn't know the photo.
    QString decision; ///< `keep`, `review` or `reject`.
    QString reason;   ///< One reason a line.
    std::optional<double> overall, quality, aesthetic; ///< 1 to 10.
    Marks suggested;
    Marks written;       ///< What was set last on the agent's behalf, and is its own still.
    bool human = false;  ///< The agent knows of stars that a human gave.
    QString keywords;    ///< The agent's own on the photo, joined by `;`.
    QVector<Attribute> attributes;

    bool isScored() const { return state == QLatin1String("scored"); }
    bool isQueued() const { return state == QLatin1String("queued"); }
};

struct Pulse
{
    QString agent; ///< `runs`, `rests` or `stopped`.
    QString why;
    int left = 0; ///< Files in its queue.
    std::optional<int> etaSeconds;
    QString version;
};

Result resultOf(const Tsv::Row& row);

Pulse pulseOf(const Tsv::Table& table);

std::optional<int> wholeNumber(const QString& cell);

/// The cell for a number, empty for none.
QString cellOf(std::optional<int> number);

} // namespace RealQA
