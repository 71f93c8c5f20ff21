#include "tsv.h"

#include <utility>

namespace RealQA::Tsv
{

namespace
{

const QString Mark = QStringLiteral("#realqa-tsv");

QString escaped(const QString& cell)
{
    QString out;
    for (const QChar letter : cell)
    {
        switch (letter.unicode())
        {
        case '\\': out += QLatin1String("\\\\"); break;
        case '\t': out += QLatin1String("\\t"); break;
        case '\n': out += QLatin1String("\\n"); break;
        case '\r': out += QLatin1String("\\r"); break;
        default: out += letter;
        }
    }
    return out;
}

QString unescaped(const QString& cell)
{
    QString out;
    for (int at = 0; at < cell.size(); ++at)
    {
        const QChar next = at + 1 < cell.size() ? cell[at + 1] : QChar();
        const int known = cell[at] == QLatin1Char('\\') ? QStringLiteral("\\tnr").indexOf(next) : -1;
        out += known < 0 ? cell[at] : QStringLiteral("\\\t\n\r")[known];
        at += known < 0 ? 0 : 1;
    }
    return out;
}

QStringList cells(const QString& line)
{
    QStringList found = line.split(QLatin1Char('\t'));
    for (QString& cell : found)
    {
        cell = unescaped(cell);
    }
    return found;
}

Row rowOf(const QStringList& columns, const QStringList& found)
{
    Row row;
    for (int at = 0; at < columns.size() && at < found.size(); ++at)
    {
        row.insert(columns[at], found[at]);
    }
    return row;
}

} // namespace

Table read(const QByteArray& text)
{
    Table table;
    QStringList columns, lines = QString::fromUtf8(text).split(QLatin1Char('\n'));
    const bool whole = lines.takeLast().isEmpty();
    const QStringList head = lines.isEmpty() ? QStringList() : cells(lines.takeFirst());
    const int version = head.size() == 2 && head[0] == Mark ? head[1].toInt() : 0;
    if (version != Version || !whole)
    {
        table.fault = version > Version ? Table::Newer : Table::Garbled;
        return table;
    }
    for (const QString& line : std::as_const(lines))
    {
        QStringList found = cells(line);
        if (columns.isEmpty() && line.startsWith(QLatin1Char('#')))
        {
            table.notes.insert(found.takeFirst().mid(1), found);
        }
        else if (columns.isEmpty())
        {
            columns = found;
        }
        else
        {
            table.rows.append(rowOf(columns, found));
        }
    }
    return table;
}

QByteArray write(const QStringList& columns, const QVector<Row>& rows)
{
    QString text = QStringLiteral("%1\t%2\n%3\n").arg(Mark).arg(Version).arg(columns.join(QLatin1Char('\t')));
    for (const Row& row : rows)
    {
        QStringList line;
        for (const QString& column : columns)
        {
            line << escaped(row.value(column));
        }
        text += line.join(QLatin1Char('\t')) + QLatin1Char('\n');
    }
    return text.toUtf8();
}

QByteArray lines(const QStringList& paths)
{
    QString text;
    for (const QString& path : paths)
    {
        text += escaped(path) + QLatin1Char('\n');
    }
    return text.toUtf8();
}

} // namespace RealQA::Tsv
