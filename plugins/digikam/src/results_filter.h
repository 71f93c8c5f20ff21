// Sorts the album by a score, and shows a part of it.
#pragma once

#include <QSortFilterProxyModel>
#include <QString>

namespace RealQA
{

class ResultsModel;

class ResultsFilter : public QSortFilterProxyModel
{
    Q_OBJECT

public:
    explicit ResultsFilter(ResultsModel* photos, QObject* parent = nullptr);

    /// Sort by a score of the model's, best first.
    void sortBy(int role);
    /// Show photos with this verdict; empty: with any or none.
    void setDecision(const QString& decision);
    /// Show photos of which this is said; empty: whatever is.
    void setAttribute(const QString& name, const QString& value);

protected:
    bool filterAcceptsRow(int row, const QModelIndex& parent) const override;
    bool lessThan(const QModelIndex& left, const QModelIndex& right) const override;

private:
    ResultsModel* m_photos;
    QString m_decision, m_attribute, m_value;
};

} // namespace RealQA
