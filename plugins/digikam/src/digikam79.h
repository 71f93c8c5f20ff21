// What a generic plugin needs of digiKam 7.9's interface, in our own declarations: Debian ships no headers of it.
//
// Names, order of the virtual functions, and const were read from libdigikamcore.so.7.9.0; they fit no other version.
// The classes live in the library: none of them has to be known to moc here.
#pragma once

#include <QAction>
#include <QDateTime>
#include <QIcon>
#include <QImage>
#include <QList>
#include <QMap>
#include <QObject>
#include <QStringList>
#include <QUrl>
#include <QVariant>

#define DIGIKAM_DPLUGIN_GENERIC_IID "org.kde.digikam.DPluginGeneric/1.1.0"

namespace Digikam
{

class DPluginAuthor
{
public:
    DPluginAuthor(const QString& name, const QString& email, const QString& years);
    ~DPluginAuthor();

private:
    QString m_name, m_email, m_years, m_roles;
};

class DPluginAction : public QAction
{
    Q_OBJECT

public:
    enum ActionCategory
    {
        InvalidCat = -1,
        GenericExport,
        GenericImport,
        GenericTool,
    };

    explicit DPluginAction(QObject* parent);
    ~DPluginAction() override;

    void setActionCategory(ActionCategory category);

private:
    char m_space[64]; // for the library's own members, which are fewer
};

// Never made here, only handed to us: the virtual functions behind the last one that is called may be left out.
class DInfoInterface : public QObject
{
    Q_OBJECT

public:
    using DInfoMap = QMap<QString, QVariant>;

    explicit DInfoInterface(QObject* parent);
    ~DInfoInterface() override;

    virtual void slotDateTimeForUrl(const QUrl& url, const QDateTime& time, bool modified);
    virtual void slotMetadataChangedForUrl(const QUrl& url);
    virtual QList<QUrl> currentSelectedItems() const;
    virtual QList<QUrl> currentAlbumItems() const;
    virtual void parseAlbumItemsRecursive();
    virtual QList<QUrl> albumItems(int album) const;
    virtual QList<QUrl> albumsItems(const QList<int>& albums) const;
    virtual QList<QUrl> allAlbumItems() const;
    virtual DInfoMap albumInfo(int album) const;
    virtual void setAlbumInfo(int album, const DInfoMap& info) const;
    virtual DInfoMap itemInfo(const QUrl& url) const;
    virtual void setItemInfo(const QUrl& url, const DInfoMap& info) const;
};

class DPlugin : public QObject
{
    Q_OBJECT

public:
    explicit DPlugin(QObject* parent);
    ~DPlugin() override;

    virtual void cleanUp() {}
    virtual bool hasVisibilityProperty() const;
    virtual void setVisible(bool visible) = 0;
    virtual int count() const = 0;
    virtual QStringList categories() const = 0;
    virtual void setup(QObject* parent) = 0;
    virtual QString name() const = 0;
    virtual QString iid() const = 0;
    virtual QString ifaceIid() const = 0;
    virtual QString description() const = 0;
    virtual QIcon icon() const;
    virtual QList<DPluginAuthor> authors() const = 0;
    virtual QString details() const = 0;
    virtual QMap<QString, QStringList> extraAboutData() const { return {}; }
    virtual QStringList extraAboutDataRowTitles() const { return {}; }

private:
    void* m_private;
};

class DPluginGeneric : public DPlugin
{
    Q_OBJECT

public:
    explicit DPluginGeneric(QObject* parent);
    ~DPluginGeneric() override;

    void setVisible(bool visible) override;
    int count() const override;
    QStringList categories() const override;
    QString ifaceIid() const override { return QStringLiteral(DIGIKAM_DPLUGIN_GENERIC_IID); }

protected:
    void addAction(DPluginAction* action);
    DInfoInterface* infoIface(QObject* action) const;

private:
    void* m_private;
};

class DRawDecoder
{
public:
    static bool loadRawPreview(QImage& image, const QString& path);
};

} // namespace Digikam

// It decides how a QList stores it, and so has to agree with the library.
Q_DECLARE_TYPEINFO(Digikam::DPluginAuthor, Q_MOVABLE_TYPE);
Q_DECLARE_INTERFACE(Digikam::DPluginGeneric, DIGIKAM_DPLUGIN_GENERIC_IID)
