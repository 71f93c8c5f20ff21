#include "agent.h"

#include <QProcess>
#include <QTimer>

namespace RealQA
{

namespace
{

/// After this time a call is ended.
constexpr int PatienceSeconds = 120;

/// digiKam's end is held up by no more than this.
constexpr int FarewellSeconds = 5;

QString lastLine(const QByteArray& text)
{
    return QString::fromUtf8(text).trimmed().section(QLatin1Char('\n'), -1);
}

} // namespace

Agent::Agent(const Command& command, QObject* parent) : QObject(parent), m_command(command) {}

Agent::~Agent()
{
    for (QProcess* const process : findChildren<QProcess*>())
    {
        process->disconnect();
        process->waitForFinished(FarewellSeconds * 1000);
    }
}

void Agent::query(const QStringList& paths, QObject* listener, const Answered& answered)
{
    const QStringList verb{QStringLiteral("query"), QStringLiteral("--tsv")};
    run(verb, Tsv::lines(paths), listener, [this, answered](const QString& problem, const QByteArray& output) {
        Answer answer = problem.isEmpty() ? answerIn(output) : Answer();
        answer.problem = problem.isEmpty() ? answer.problem : problem;
        answered(answer);
    });
}

void Agent::add(const QStringList& paths, QObject* listener, const Told& told)
{
    const QStringList verb{QStringLiteral("queue"), QStringLiteral("add")};
    run(verb, Tsv::lines(paths), listener, [told](const QString& problem, const QByteArray&) { told(problem); });
}

void Agent::applied(const QVector<Applied>& photos, QObject* listener, const Told& told)
{
    const QString path = QStringLiteral("path"), stars = QStringLiteral("stars"), pick = QStringLiteral("pick"),
                  keywords = QStringLiteral("keywords");
    QVector<Tsv::Row> rows;
    for (const Applied& photo : photos)
    {
        rows.append({
            {path, photo.path},
            {stars, cellOf(photo.own.stars)},
            {pick, cellOf(photo.own.pick)},
            {keywords, photo.keywords},
        });
    }
    run({QStringLiteral("applied")}, Tsv::write({path, stars, pick, keywords}, rows), listener,
        [told](const QString& problem, const QByteArray&) { told(problem); });
}

void Agent::run(const QStringList& verb, const QByteArray& input, QObject* listener, const Ended& ended)
{
    auto* const process = new QProcess(this);
    auto* const clock = new QTimer(process);
    const auto end = [this, process, clock, ended, listener = QPointer<QObject>(listener)] {
        const QString problem = problemOf(*process, !clock->isActive());
        const QByteArray output = process->readAllStandardOutput();
        process->disconnect();
        process->deleteLater();
        if (listener)
        {
            ended(problem, output);
        }
    };
    connect(process, QOverload<int, QProcess::ExitStatus>::of(&QProcess::finished), this, end);
    connect(process, &QProcess::errorOccurred, this, [end](QProcess::ProcessError error) {
        // After any other error comes the signal that it finished.
        if (error == QProcess::FailedToStart)
        {
            end();
        }
    });
    clock->setSingleShot(true);
    connect(clock, &QTimer::timeout, process, &QProcess::kill);
    clock->start(PatienceSeconds * 1000);
    const QStringList file{QStringLiteral("--paths-from"), QStringLiteral("-")};
    process->start(m_command.program, m_command.arguments + verb + file);
    process->write(input);
    process->closeWriteChannel();
}

QString Agent::problemOf(QProcess& process, bool late) const
{
    if (process.error() == QProcess::FailedToStart)
    {
        return tr("RealQA Agent is not installed, or not where digiKam looks: %1. `realqa plugin install digikam "
                  "--build`, run where the agent is installed, tells digiKam where it is.")
            .arg(m_command.program);
    }
    if (late)
    {
        return tr("RealQA Agent did not answer within %1 seconds.").arg(PatienceSeconds);
    }
    if (process.exitStatus() == QProcess::NormalExit && process.exitCode() == 0)
    {
        return {};
    }
    const QByteArray errors = process.readAllStandardError();
    if (errors.contains("No such command") || errors.contains("No such option"))
    {
        return tr("RealQA Agent is too old for this plugin. Update the agent.");
    }
    const QString last = lastLine(errors);
    return tr("RealQA Agent: %1").arg(last.isEmpty() ? tr("ended with status %1").arg(process.exitCode()) : last);
}

Answer Agent::answerIn(const QByteArray& output) const
{
    Answer answer;
    const Tsv::Table table = Tsv::read(output);
    const QString again = tr("Run `realqa plugin install digikam --build`, then start digiKam again.");
    if (table.fault == Tsv::Table::Newer)
    {
        answer.problem = tr("RealQA Agent is newer than this plugin.") + QLatin1Char(' ') + again;
    }
    else if (table.fault == Tsv::Table::Garbled)
    {
        const QString said = QString::fromUtf8(output).section(QLatin1Char('\n'), 0, 0).left(80);
        answer.problem = tr("What RealQA Agent says can't be understood: %1").arg(said);
    }
    answer.pulse = pulseOf(table);
    for (const Tsv::Row& row : table.rows)
    {
        answer.results.append(resultOf(row));
    }
    if (!m_command.version.isEmpty() && !answer.pulse.version.isEmpty() && m_command.version != answer.pulse.version)
    {
        const QString differ = tr("The agent is %1, this plugin came with %2.");
        answer.advice = differ.arg(answer.pulse.version, m_command.version) + QLatin1Char(' ') + again;
    }
    return answer;
}

} // namespace RealQA
