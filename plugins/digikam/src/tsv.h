// The agent's tables: tab-separated cells in UTF-8, one row a line, whatever a file name holds. Pure.
#pragma once

#include <QByteArray>
#include <QHash>
#include <QString>
#include <QStringList>
#include <QVector>

namespace RealQA::Tsv
{

/// The version of the format that is understood here; a higher one is refused.
constexpr int Version = 1;

using Row = QHash<QString, QString>;

struct Table
{
    enum Fault
    {
        None,
        Newer,
        Garbled ///< No table of ours, or one that was cut off.
    };

    Fault fault = None;
    QHash<QString, QStringList> notes; ///< The lines `#key` with their values.
    QVector<Row> rows;                 ///< Cells by the names of their columns.
};

Table read(const QByteArray& text);

/// Given rows, return the table with these columns; what a row doesn't have is empty.
QByteArray write(const QStringList& columns, const QVector<Row>& rows);

/// Given paths, return what `--paths-from` takes.
QByteArray lines(const QStringList& paths);

} // namespace RealQA::Tsv
