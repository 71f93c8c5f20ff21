// Small pictures of photos, read in the background.
#pragma once

#include <QCache>
#include <QImage>
#include <QObject>
#include <QPixmap>
#include <QSet>
#include <QString>
#include <QThreadPool>

namespace RealQA
{

class Thumbnails : public QObject
{
    Q_OBJECT

public:
    explicit Thumbnails(int edge, QObject* parent = nullptr);
    /// Waits for the pictures that are being read.
    ~Thumbnails() override;

    int edge() const { return m_edge; }

    /// Return the picture, or a null one that comes later.
    QPixmap get(const QString& path, int orientation);

Q_SIGNALS:
    void came(const QString& path);

private:
    void take(const QString& path, const QImage& image);

    int m_edge;
    QCache<QString, QPixmap> m_pictures;
    QSet<QString> m_asked;
    QThreadPool m_threads;
};

} // namespace RealQA
