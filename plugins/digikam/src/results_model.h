// The album's photos with what the agent says of them, and which are ticked.
#pragma once

#include "result.h"

#include <QAbstractListModel>
#include <QHash>
#include <QStringList>
#include <QVector>

#include <functional>

namespace RealQA
{

class Thumbnails;

class ResultsModel : public QAbstractListModel
{
    Q_OBJECT

public:
    enum Role
    {
        Overall = Qt::UserRole, ///< Scores; those without one come last.
        Quality,
        Aesthetic,
        Decision,
        Path,
    };

    using Orientation = std::function<int(const QString& path)>;

    ResultsModel(Thumbnails* thumbnails, const Orientation& orientation, QObject* parent = nullptr);

    /// Show these photos, of which nothing is known yet.
    void setPhotos(const QStringList& paths);
    /// Take in what the agent says. A photo is ticked as soon as it is scored.
    void setResults(const QVector<Result>& results);
    void setAllTicked(const QModelIndexList& indexes, bool ticked);

    const QStringList& paths() const { return m_paths; }
    QStringList ticked() const;
    bool isWaiting() const; ///< A result is still to come.
    const Result& result(int row) const { return m_photos[row].result; }

    int rowCount(const QModelIndex& parent = {}) const override;
    QVariant data(const QModelIndex& index, int role) const override;
    bool setData(const QModelIndex& index, const QVariant& value, int role) override;
    Qt::ItemFlags flags(const QModelIndex& index) const override;

private:
    struct Photo
    {
        Result result;
        bool ticked = false;
    };

    Thumbnails* m_thumbnails;
    Orientation m_orientation;
    QStringList m_paths;
    QVector<Photo> m_photos;
    QHash<QString, int> m_rows;
};

} // namespace RealQA
