// digiKam's photos: which are meant, what it shows of them, and how it is set.
#pragma once

#include "plan.h"

#include <QList>
#include <QPointer>
#include <QStringList>
#include <QUrl>

namespace Digikam
{
class DInfoInterface;
}

namespace RealQA
{

class Photos
{
public:
    explicit Photos(Digikam::DInfoInterface* host);

    QStringList selected() const;
    QStringList album() const;
    QStringList selectedOrAlbum() const;

    /// Return what digiKam shows of a photo, nothing if it doesn't know it.
    std::optional<Seen> seen(const QString& path) const;
    /// Return how a photo is to be turned, as in Exif: 1 to 8.
    int orientation(const QString& path) const;
    void set(const QString& path, const Change& change) const;

private:
    QPointer<Digikam::DInfoInterface> m_host;
};

} // namespace RealQA
