// What the window says, as texts. Pure.
#pragma once

#include "plan.h"
#include "result.h"

#include <QString>

namespace RealQA::Words
{

/// Names for people.
QString attribute(const QString& name);
QString decision(const QString& name);
QString value(const QString& value);

/// A score with one decimal, a dash for none.
QString score(std::optional<double> score);

/// Stars as they are drawn, or the word for a reject; empty for none.
QString stars(std::optional<int> stars);

/// What the agent does, and its queue.
QString pulse(const Pulse& pulse);

/// Why there is no score of a photo.
QString state(const Result& result);

/// Stars and pick label as digiKam shows them, and whose they are.
QString marks(const Result& result, const Seen& seen);

} // namespace RealQA::Words
