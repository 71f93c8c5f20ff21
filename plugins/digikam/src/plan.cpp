#include "plan.h"

namespace RealQA
{

namespace
{

constexpr int Unrated = -1;

/// digiKam has no stars for a rejected photo, and two numbers for none.
int asRating(int stars)
{
    return stars > 0 ? stars : Unrated;
}

bool isSame(int rating, int other)
{
    return asRating(rating) == asRating(other);
}

} // namespace

bool isFree(const Result& result, const Seen& seen)
{
    const Marks& ours = result.written;
    const bool ratingFree = asRating(seen.rating) == Unrated || (ours.stars && isSame(seen.rating, *ours.stars));
    const bool pickFree = seen.pick == 0 || (ours.pick && seen.pick == *ours.pick);
    return !result.human && ratingFree && pickFree;
}

Change changes(const Result& result, const Seen& seen)
{
    Change change;
    if (!isFree(result, seen))
    {
        return change;
    }
    if (const auto stars = result.suggested.stars; stars && !isSame(*stars, seen.rating))
    {
        change.rating = asRating(*stars);
    }
    if (const auto pick = result.suggested.pick; pick && *pick != seen.pick)
    {
        change.pick = pick;
    }
    return change;
}

bool isKept(const Result& result, const Seen& seen)
{
    const Marks& wanted = result.suggested;
    const bool differs = (wanted.stars && !isSame(*wanted.stars, seen.rating)) || (wanted.pick && *wanted.pick != seen.pick);
    return differs && !isFree(result, seen);
}

Change reversed(const Done& done, const Seen& now)
{
    Change change;
    if (done.after.rating && isSame(*done.after.rating, now.rating))
    {
        change.rating = done.before.rating;
    }
    if (done.after.pick && *done.after.pick == now.pick)
    {
        change.pick = done.before.pick;
    }
    return change;
}

Marks ownAfter(const Done& done, const Seen& then)
{
    Marks own;
    if (done.written.stars && isSame(*done.written.stars, then.rating))
    {
        own.stars = done.written.stars;
    }
    own.pick = done.written.pick && *done.written.pick == then.pick ? *done.written.pick : 0;
    return own;
}

Seen after(const Seen& seen, const Change& change)
{
    return {change.rating.value_or(seen.rating), change.pick.value_or(seen.pick)};
}

} // namespace RealQA
