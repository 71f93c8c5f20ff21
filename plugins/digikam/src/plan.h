// What to set on a photo, and whose a value is: the rules that keep a human's word. Pure.
#pragma once

#include "result.h"

namespace RealQA
{

/// What digiKam shows of a photo.
struct Seen
{
    int rating = -1; ///< -1 and 0 are no stars.
    int pick = 0;
};

/// What to set; nothing where there is no value.
struct Change
{
    std::optional<int> rating;
    std::optional<int> pick;

    bool isEmpty() const { return !rating && !pick; }
};

/// What was done to a photo, to be taken back.
struct Done
{
    QString path;
    Seen before;
    Change after;
    Marks written; ///< The agent's own, before.
    QString keywords;
};

/// Tell whether nobody but the agent gave the photo stars or a pick label.
///
/// A photo on which a human decided either is left alone in both: a pick label of the agent's beside a human's stars
/// would contradict them.
bool isFree(const Result& result, const Seen& seen);

/// Given a scored photo, return what to set on it, nothing if it is a human's.
Change changes(const Result& result, const Seen& seen);

/// Tell whether a human's stars or pick label stand where the agent would have set others.
bool isKept(const Result& result, const Seen& seen);

/// Return how to take back what was done: only what still stands.
Change reversed(const Done& done, const Seen& now);

/// Return what is the agent's own after that was taken back.
Marks ownAfter(const Done& done, const Seen& then);

/// Return what digiKam shows after a change.
Seen after(const Seen& seen, const Change& change);

} // namespace RealQA
