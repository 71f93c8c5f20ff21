#include "photos.h"

#include "digikam.h"

namespace RealQA
{

namespace
{

using Info = Digikam::DInfoInterface::DInfoMap;

const QString Rating = QStringLiteral("rating"), Pick = QStringLiteral("picklabel"),
              Orientation = QStringLiteral("orientation");

QStringList pathsOf(const QList<QUrl>& urls)
{
    QStringList paths;
    for (const QUrl& url : urls)
    {
        paths << url.toLocalFile();
    }
    return paths;
}

} // namespace

Photos::Photos(Digikam::DInfoInterface* host) : m_host(host) {}

QStringList Photos::selected() const
{
    return m_host ? pathsOf(m_host->currentSelectedItems()) : QStringList();
}

QStringList Photos::album() const
{
    return m_host ? pathsOf(m_host->currentAlbumItems()) : QStringList();
}

QStringList Photos::selectedOrAlbum() const
{
    const QStringList paths = selected();
    return paths.isEmpty() ? album() : paths;
}

std::optional<Seen> Photos::seen(const QString& path) const
{
    const Info info = m_host ? m_host->itemInfo(QUrl::fromLocalFile(path)) : Info();
    if (info.isEmpty())
    {
        return std::nullopt;
    }
    const Seen none;
    return Seen{info.value(Rating, none.rating).toInt(), info.value(Pick, none.pick).toInt()};
}

int Photos::orientation(const QString& path) const
{
    const Info info = m_host ? m_host->itemInfo(QUrl::fromLocalFile(path)) : Info();
    return info.value(Orientation, 1).toInt();
}

void Photos::set(const QString& path, const Change& change) const
{
    Info info;
    if (change.rating)
    {
        info.insert(Rating, *change.rating);
    }
    if (change.pick)
    {
        info.insert(Pick, *change.pick);
    }
    if (m_host && !info.isEmpty())
    {
        m_host->setItemInfo(QUrl::fromLocalFile(path), info);
    }
}

} // namespace RealQA
