// Sets what the agent suggests, remembers what was there, and takes it back.
#pragma once

#include "agent.h"
#include "memory.h"
#include "photos.h"

#include <QObject>
#include <QPair>
#include <QQueue>

namespace RealQA
{

class Applier : public QObject
{
    Q_OBJECT

public:
    /// `agent` has to outlive it.
    Applier(Agent* agent, const Memory& memory, QObject* parent = nullptr);

    bool isBusy() const { return m_busy; }
    bool canUndo() const { return !m_memory.isEmpty(); }

    /// Ask the agent about these photos and set what it suggests where no human decided.
    void apply(const Photos& photos, const QStringList& paths);
    /// Take the last apply back where it still stands.
    void undo(const Photos& photos);

Q_SIGNALS:
    /// It is at work now, or no longer.
    void busyChanged();
    /// It ended; for people. `failed`: not as it should have.
    void ended(const QString& sentence, bool failed);

private:
    using Todo = QPair<QString, Change>;

    void begin();
    void applyResults(const Photos& photos, const QVector<Result>& results);
    void carryOut(const Photos& photos, const QQueue<Todo>& todo, const QVector<Applied>& news, const QString& sentence);
    void setSome(const Photos& photos);
    void tell();
    void end(const QString& sentence, bool failed);

    Agent* m_agent;
    Memory m_memory;
    bool m_busy = false;
    QQueue<Todo> m_todo;
    QVector<Applied> m_news;
    QString m_sentence;
};

} // namespace RealQA
