#include "thumbnails.h"

#include "digikam.h"

#include <QFileInfo>
#include <QFont>
#include <QGuiApplication>
#include <QImageReader>
#include <QPainter>
#include <QPalette>
#include <QRunnable>
#include <QTransform>

#include <functional>

namespace RealQA
{

namespace
{

/// A screen or two in the window; 100 kB each.
constexpr int MostPictures = 400;

/// Reading is mostly waiting for the disk, and the agent has the processor.
constexpr int Threads = 2;

QImage turned(const QImage& image, int orientation)
{
    QTransform turn;
    if (orientation == 2 || orientation == 4 || orientation == 5 || orientation == 7)
    {
        turn.scale(-1, 1);
    }
    const int degrees[] = {0, 0, 0, 180, 180, 270, 90, 90, 270};
    const bool known = orientation >= 1 && orientation <= 8;
    return image.transformed(turn).transformed(QTransform().rotate(known ? degrees[orientation] : 0));
}

/// Return a picture no larger than a square with this edge; a null one if it can't be read.
QImage readSmall(const QString& path, int edge, int orientation)
{
    const QSize square(edge, edge);
    QImageReader reader(path);
    reader.setAutoTransform(true);
    const QSize size = reader.size();
    if (size.isValid() && (size.width() > edge || size.height() > edge))
    {
        reader.setScaledSize(size.scaled(square, Qt::KeepAspectRatio));
    }
    // Many RAW files are TIFFs by their first bytes, and what stands first in them is no picture to show.
    const bool namedTiff = QFileInfo(path).suffix().startsWith(QLatin1String("tif"), Qt::CaseInsensitive);
    const bool isRaw = reader.format() == "tiff" && !namedTiff;
    QImage image = isRaw ? QImage() : reader.read();
    if (image.isNull() && Digikam::DRawDecoder::loadRawPreview(image, path))
    {
        image = turned(image, orientation);
    }
    const bool fits = image.width() <= edge && image.height() <= edge;
    return fits ? image : image.scaled(square, Qt::KeepAspectRatio, Qt::SmoothTransformation);
}

/// Return a picture of the file's kind, for clips and what else Qt can't read.
QPixmap kindOf(const QString& path, int edge)
{
    const QPalette colours = QGuiApplication::palette();
    QPixmap picture(edge, edge * 2 / 3);
    picture.fill(colours.color(QPalette::Window));
    QPainter painter(&picture);
    QFont font = painter.font();
    font.setPixelSize(edge / 6);
    painter.setFont(font);
    painter.setPen(colours.color(QPalette::Disabled, QPalette::WindowText));
    painter.drawText(picture.rect(), Qt::AlignCenter, QFileInfo(path).suffix().toUpper());
    return picture;
}

class Job : public QRunnable
{
public:
    explicit Job(const std::function<void()>& work) : m_work(work) {}

    void run() override { m_work(); }

private:
    std::function<void()> m_work;
};

} // namespace

Thumbnails::Thumbnails(int edge, QObject* parent) : QObject(parent), m_edge(edge), m_pictures(MostPictures)
{
    m_threads.setMaxThreadCount(Threads);
}

Thumbnails::~Thumbnails()
{
    m_threads.clear();
    m_threads.waitForDone();
}

QPixmap Thumbnails::get(const QString& path, int orientation)
{
    if (const QPixmap* const picture = m_pictures.object(path))
    {
        return *picture;
    }
    if (!m_asked.contains(path))
    {
        m_asked.insert(path);
        m_threads.start(new Job([this, path, orientation] {
            const QImage image = readSmall(path, m_edge, orientation);
            QMetaObject::invokeMethod(this, [this, path, image] { take(path, image); }, Qt::QueuedConnection);
        }));
    }
    return {};
}

void Thumbnails::take(const QString& path, const QImage& image)
{
    m_asked.remove(path);
    // A picture of its kind, too, so that it is not read again and again.
    m_pictures.insert(path, new QPixmap(image.isNull() ? kindOf(path, m_edge) : QPixmap::fromImage(image)));
    Q_EMIT came(path);
}

} // namespace RealQA
