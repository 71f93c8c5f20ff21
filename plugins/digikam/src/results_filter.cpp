#include "results_filter.h"

#include "results_model.h"

#include <algorithm>

namespace RealQA
{

ResultsFilter::ResultsFilter(ResultsModel* photos, QObject* parent) : QSortFilterProxyModel(parent), m_photos(photos)
{
    setSourceModel(photos);
}

void ResultsFilter::sortBy(int role)
{
    setSortRole(role);
    sort(0, Qt::DescendingOrder);
}

void ResultsFilter::setDecision(const QString& decision)
{
    m_decision = decision;
    invalidateFilter();
}

void ResultsFilter::setAttribute(const QString& name, const QString& value)
{
    m_attribute = name;
    m_value = value;
    invalidateFilter();
}

bool ResultsFilter::filterAcceptsRow(int row, const QModelIndex&) const
{
    const Result& result = m_photos->result(row);
    if (!m_decision.isEmpty() && !(result.isScored() && result.decision == m_decision))
    {
        return false;
    }
    return m_value.isEmpty()
           || std::any_of(result.attributes.begin(), result.attributes.end(), [this](const Attribute& attribute) {
                  return attribute.name == m_attribute && attribute.value == m_value;
              });
}

bool ResultsFilter::lessThan(const QModelIndex& left, const QModelIndex& right) const
{
    const double one = left.data(sortRole()).toDouble(), other = right.data(sortRole()).toDouble();
    if (one != other)
    {
        return one < other;
    }
    // The best come first, and of equals the first by name.
    return QString::localeAwareCompare(left.data().toString(), right.data().toString()) > 0;
}

} // namespace RealQA
