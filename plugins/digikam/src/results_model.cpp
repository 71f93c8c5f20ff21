#include "results_model.h"

#include "thumbnails.h"

#include <QFileInfo>
#include <QPixmap>

#include <algorithm>

namespace RealQA
{

namespace
{

/// Behind every score.
constexpr double NoScore = 0;

} // namespace

ResultsModel::ResultsModel(Thumbnails* thumbnails, const Orientation& orientation, QObject* parent)
    : QAbstractListModel(parent), m_thumbnails(thumbnails), m_orientation(orientation)
{
    connect(thumbnails, &Thumbnails::came, this, [this](const QString& path) {
        if (m_rows.contains(path))
        {
            const QModelIndex photo = index(m_rows.value(path));
            Q_EMIT dataChanged(photo, photo, {Qt::DecorationRole});
        }
    });
}

void ResultsModel::setPhotos(const QStringList& paths)
{
    beginResetModel();
    m_paths = paths;
    m_photos.clear();
    m_rows.clear();
    for (const QString& path : paths)
    {
        m_rows.insert(path, m_photos.size());
        m_photos.append(Photo());
        m_photos.last().result.path = path;
    }
    endResetModel();
}

void ResultsModel::setResults(const QVector<Result>& results)
{
    for (const Result& result : results)
    {
        if (m_rows.contains(result.path))
        {
            Photo& photo = m_photos[m_rows.value(result.path)];
            photo.ticked = result.isScored() && (photo.ticked || !photo.result.isScored());
            photo.result = result;
        }
    }
    if (!m_photos.isEmpty())
    {
        Q_EMIT dataChanged(index(0), index(m_photos.size() - 1));
    }
}

void ResultsModel::setAllTicked(const QModelIndexList& indexes, bool ticked)
{
    for (const QModelIndex& photo : indexes)
    {
        setData(photo, ticked ? Qt::Checked : Qt::Unchecked, Qt::CheckStateRole);
    }
}

QStringList ResultsModel::ticked() const
{
    QStringList paths;
    for (const Photo& photo : m_photos)
    {
        if (photo.ticked)
        {
            paths << photo.result.path;
        }
    }
    return paths;
}

bool ResultsModel::isWaiting() const
{
    return std::any_of(m_photos.begin(), m_photos.end(), [](const Photo& photo) { return photo.result.isQueued(); });
}

int ResultsModel::rowCount(const QModelIndex& parent) const
{
    return parent.isValid() ? 0 : m_photos.size();
}

QVariant ResultsModel::data(const QModelIndex& index, int role) const
{
    const Photo& photo = m_photos[index.row()];
    const Result& result = photo.result;
    switch (role)
    {
    case Qt::DisplayRole: return QFileInfo(result.path).fileName();
    case Qt::ToolTipRole: return result.path;
    case Qt::DecorationRole: return m_thumbnails->get(result.path, m_orientation(result.path));
    case Qt::CheckStateRole:
        return result.isScored() ? QVariant(photo.ticked ? Qt::Checked : Qt::Unchecked) : QVariant();
    case Overall: return result.overall.value_or(NoScore);
    case Quality: return result.quality.value_or(NoScore);
    case Aesthetic: return result.aesthetic.value_or(NoScore);
    case Decision: return result.isScored() ? result.decision : QString();
    case Path: return result.path;
    default: return {};
    }
}

bool ResultsModel::setData(const QModelIndex& index, const QVariant& value, int role)
{
    if (role != Qt::CheckStateRole || !m_photos[index.row()].result.isScored())
    {
        return false;
    }
    m_photos[index.row()].ticked = value.toInt() == Qt::Checked;
    Q_EMIT dataChanged(index, index, {role});
    return true;
}

Qt::ItemFlags ResultsModel::flags(const QModelIndex& index) const
{
    const Qt::ItemFlags flags = QAbstractListModel::flags(index);
    return index.isValid() && m_photos[index.row()].result.isScored() ? flags | Qt::ItemIsUserCheckable : flags;
}

} // namespace RealQA
