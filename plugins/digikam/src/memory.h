// What was applied in this digiKam and can be taken back, kept in a file.
#pragma once

#include "plan.h"
#include "tsv.h"

#include <QString>
#include <QVector>

namespace RealQA
{

class Memory
{
public:
    /// Keep it in this file, which need not be there yet.
    explicit Memory(const QString& file);

    bool isEmpty() const;
    /// Remember what is about to be done, as one step. Return what went wrong, for people; empty if nothing did.
    QString remember(const QVector<Done>& step);
    /// Return the last step, in the order in which it was done.
    QVector<Done> last() const;
    /// Forget the last step. Return as `remember` does.
    QString forgetLast();

private:
    int lastNumber() const;
    QString save(const QVector<Tsv::Row>& rows) const;

    QString m_file;
};

} // namespace RealQA
