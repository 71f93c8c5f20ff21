#include "applier.h"

#include <QTimer>

namespace RealQA
{

namespace
{

/// digiKam takes some milliseconds for each photo, and has to stay at hand.
constexpr int PhotosAtOnce = 10;

bool isSame(const Marks& marks, const Marks& others)
{
    return marks.stars == others.stars && marks.pick.value_or(0) == others.pick.value_or(0);
}

} // namespace

Applier::Applier(Agent* agent, const Memory& memory, QObject* parent)
    : QObject(parent), m_agent(agent), m_memory(memory)
{
}

void Applier::apply(const Photos& photos, const QStringList& paths)
{
    if (m_busy)
    {
        return;
    }
    begin();
    m_agent->query(paths, this, [this, photos](const Answer& answer) {
        if (!answer.problem.isEmpty())
        {
            end(answer.problem, true);
            return;
        }
        applyResults(photos, answer.results);
    });
}

void Applier::applyResults(const Photos& photos, const QVector<Result>& results)
{
    QVector<Done> step;
    QVector<Applied> news;
    QQueue<Todo> todo;
    int scored = 0, kept = 0;
    for (const Result& result : results)
    {
        const std::optional<Seen> seen = photos.seen(result.path);
        if (!result.isScored() || !seen)
        {
            continue;
        }
        ++scored;
        if (!isFree(result, *seen))
        {
            kept += isKept(result, *seen) ? 1 : 0;
            continue;
        }
        if (!isSame(result.suggested, result.written))
        {
            news.append({result.path, result.suggested, result.keywords});
        }
        const Change change = changes(result, *seen);
        if (!change.isEmpty())
        {
            step.append({result.path, *seen, change, result.written, result.keywords});
            todo.enqueue({result.path, change});
        }
    }
    if (scored == 0)
    {
        end(tr("None of these photos is scored yet."), false);
        return;
    }
    // Before anything is set: who is cut off here can still take back what was done.
    const QString problem = step.isEmpty() ? QString() : m_memory.remember(step);
    if (!problem.isEmpty())
    {
        end(problem, true);
        return;
    }
    QString sentence = tr("Photos set: %1.").arg(step.size());
    if (kept > 0)
    {
        sentence += QLatin1Char(' ') + tr("Left as you rated them: %1.").arg(kept);
    }
    carryOut(photos, todo, news, sentence);
}

void Applier::undo(const Photos& photos)
{
    if (m_busy)
    {
        return;
    }
    begin();
    const QVector<Done> step = m_memory.last();
    if (step.isEmpty())
    {
        end(tr("Nothing to undo."), false);
        return;
    }
    QVector<Applied> news;
    QQueue<Todo> todo;
    for (const Done& done : step)
    {
        const std::optional<Seen> now = photos.seen(done.path);
        if (!now)
        {
            continue;
        }
        const Change change = reversed(done, *now);
        news.append({done.path, ownAfter(done, after(*now, change)), done.keywords});
        if (!change.isEmpty())
        {
            todo.enqueue({done.path, change});
        }
    }
    const QString problem = m_memory.forgetLast();
    if (!problem.isEmpty())
    {
        end(problem, true);
        return;
    }
    carryOut(photos, todo, news, tr("Photos put back: %1.").arg(todo.size()));
}

void Applier::carryOut(
    const Photos& photos, const QQueue<Todo>& todo, const QVector<Applied>& news, const QString& sentence)
{
    m_todo = todo;
    m_news = news;
    m_sentence = sentence;
    setSome(photos);
}

void Applier::setSome(const Photos& photos)
{
    for (int count = 0; count < PhotosAtOnce && !m_todo.isEmpty(); ++count)
    {
        const Todo next = m_todo.dequeue();
        photos.set(next.first, next.second);
    }
    if (m_todo.isEmpty())
    {
        tell();
    }
    else
    {
        QTimer::singleShot(0, this, [this, photos] { setSome(photos); });
    }
}

void Applier::tell()
{
    if (m_news.isEmpty())
    {
        end(m_sentence, false);
        return;
    }
    m_agent->applied(m_news, this, [this](const QString& problem) {
        end(problem.isEmpty() ? m_sentence : m_sentence + QLatin1Char(' ') + problem, !problem.isEmpty());
    });
}

void Applier::begin()
{
    m_busy = true;
    Q_EMIT busyChanged();
}

void Applier::end(const QString& sentence, bool failed)
{
    m_busy = false;
    Q_EMIT busyChanged();
    Q_EMIT ended(sentence, failed);
}

} // namespace RealQA
