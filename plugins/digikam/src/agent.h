// Calls the command `realqa`, and never waits for it.
#pragma once

#include "command.h"
#include "result.h"

#include <QObject>
#include <QPointer>
#include <QStringList>
#include <QVector>

#include <functional>

class QProcess;

namespace RealQA
{

struct Answer
{
    QString problem; ///< Why there is no answer, for people; empty if there is one.
    QString advice;  ///< What to do although there is one, for people.
    Pulse pulse;
    QVector<Result> results; ///< Of the photos that the agent knows.
};

/// What was set in digiKam for the agent.
struct Applied
{
    QString path;
    Marks own;        ///< The agent's own now; a pick label of 0 is none of its own.
    QString keywords; ///< As the agent said them.
};

class Agent : public QObject
{
    Q_OBJECT

public:
    using Answered = std::function<void(const Answer&)>;
    /// Takes what went wrong, for people; empty if nothing did.
    using Told = std::function<void(const QString& problem)>;

    explicit Agent(const Command& command, QObject* parent = nullptr);
    /// Waits a little for what the agent was still being told.
    ~Agent() override;

    /// Ask about photos. Here and below, nothing is called once the listener is gone.
    void query(const QStringList& paths, QObject* listener, const Answered& answered);
    /// Hand photos to the agent.
    void add(const QStringList& paths, QObject* listener, const Told& told);
    /// Tell the agent what was set.
    void applied(const QVector<Applied>& photos, QObject* listener, const Told& told);

private:
    using Ended = std::function<void(const QString& problem, const QByteArray& output)>;

    void run(const QStringList& verb, const QByteArray& input, QObject* listener, const Ended& ended);
    QString problemOf(QProcess& process, bool late) const;
    Answer answerIn(const QByteArray& output) const;

    Command m_command;
};

} // namespace RealQA
