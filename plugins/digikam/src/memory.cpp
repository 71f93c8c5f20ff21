#include "memory.h"

#include <QCoreApplication>
#include <QDir>
#include <QFile>
#include <QFileInfo>
#include <QSaveFile>

namespace RealQA
{

namespace
{

/// So many steps can be taken back, one after the other.
constexpr int MostSteps = 20;

const QString Step = QStringLiteral("step"), Path = QStringLiteral("path"),
              RatingBefore = QStringLiteral("rating_before"), RatingAfter = QStringLiteral("rating_after"),
              PickBefore = QStringLiteral("pick_before"), PickAfter = QStringLiteral("pick_after"),
              StarsWritten = QStringLiteral("stars_written"), PickWritten = QStringLiteral("pick_written"),
              Keywords = QStringLiteral("keywords");

const QStringList Columns{Step,       Path,     RatingBefore, RatingAfter, PickBefore,
                          PickAfter, StarsWritten, PickWritten,  Keywords};

int stepOf(const Tsv::Row& row)
{
    return row.value(Step).toInt();
}

Tsv::Row rowOf(int step, const Done& done)
{
    return {
        {Step, QString::number(step)},
        {Path, done.path},
        {RatingBefore, QString::number(done.before.rating)},
        {RatingAfter, cellOf(done.after.rating)},
        {PickBefore, QString::number(done.before.pick)},
        {PickAfter, cellOf(done.after.pick)},
        {StarsWritten, cellOf(done.written.stars)},
        {PickWritten, cellOf(done.written.pick)},
        {Keywords, done.keywords},
    };
}

Done doneIn(const Tsv::Row& row)
{
    return {
        row.value(Path),
        {row.value(RatingBefore).toInt(), row.value(PickBefore).toInt()},
        {wholeNumber(row.value(RatingAfter)), wholeNumber(row.value(PickAfter))},
        {wholeNumber(row.value(StarsWritten)), wholeNumber(row.value(PickWritten))},
        row.value(Keywords),
    };
}

/// Another digiKam may have written the file in between: it is read anew each time.
QVector<Tsv::Row> rowsIn(const QString& name)
{
    QFile file(name);
    return file.open(QIODevice::ReadOnly) ? Tsv::read(file.readAll()).rows : QVector<Tsv::Row>();
}

} // namespace

Memory::Memory(const QString& file) : m_file(file) {}

bool Memory::isEmpty() const
{
    return lastNumber() == 0;
}

QString Memory::remember(const QVector<Done>& step)
{
    const int number = lastNumber() + 1;
    QVector<Tsv::Row> rows;
    for (const Tsv::Row& row : rowsIn(m_file))
    {
        if (stepOf(row) > number - MostSteps)
        {
            rows.append(row);
        }
    }
    for (const Done& done : step)
    {
        rows.append(rowOf(number, done));
    }
    return save(rows);
}

QVector<Done> Memory::last() const
{
    const int number = lastNumber();
    QVector<Done> step;
    for (const Tsv::Row& row : rowsIn(m_file))
    {
        if (stepOf(row) == number)
        {
            step.append(doneIn(row));
        }
    }
    return step;
}

QString Memory::forgetLast()
{
    const int number = lastNumber();
    QVector<Tsv::Row> rows;
    for (const Tsv::Row& row : rowsIn(m_file))
    {
        if (stepOf(row) != number)
        {
            rows.append(row);
        }
    }
    return save(rows);
}

int Memory::lastNumber() const
{
    int number = 0;
    for (const Tsv::Row& row : rowsIn(m_file))
    {
        number = qMax(number, stepOf(row));
    }
    return number;
}

QString Memory::save(const QVector<Tsv::Row>& rows) const
{
    QSaveFile file(m_file);
    const QByteArray text = Tsv::write(Columns, rows);
    const bool whole = QDir().mkpath(QFileInfo(m_file).path()) && file.open(QIODevice::WriteOnly)
                       && file.write(text) == text.size() && file.commit();
    return whole ? QString()
                 : QCoreApplication::translate("RealQA::Memory", "%1 can't be written: %2").arg(m_file, file.errorString());
}

} // namespace RealQA
