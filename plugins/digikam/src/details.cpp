#include "details.h"

#include "words.h"

#include <QFileInfo>
#include <QStringList>

namespace RealQA
{

namespace
{

/// A file name or a reason may hold any characters.
QString plain(const QString& text)
{
    return text.toHtmlEscaped().replace(QLatin1Char('\n'), QLatin1String("<br>"));
}

QString rowOf(const Attribute& attribute)
{
    const bool isNumber = wholeNumber(attribute.value).has_value();
    const QString value = isNumber ? QString() : Words::value(attribute.value);
    return QStringLiteral(
               "<tr><td><b>%1</b></td><td align='right'>&nbsp;%2&nbsp;</td><td>%3</td></tr>"
               "<tr><td colspan='3'><small>%4</small></td></tr>")
        .arg(plain(Words::attribute(attribute.name)), plain(Words::score(attribute.score)), plain(value),
             plain(attribute.reason));
}

} // namespace

Details::Details(QWidget* parent) : QTextBrowser(parent)
{
    showNothing();
}

void Details::showPhoto(const Result& result, const std::optional<Seen>& seen)
{
    QStringList parts{QStringLiteral("<h3>%1</h3>").arg(plain(QFileInfo(result.path).fileName()))};
    const auto paragraph = [&parts](const QString& text) {
        if (!text.isEmpty())
        {
            parts << QStringLiteral("<p>%1</p>").arg(text);
        }
    };
    if (!result.isScored())
    {
        paragraph(plain(Words::state(result)));
        paragraph(plain(result.reason));
        setHtml(parts.join(QString()));
        return;
    }
    const QString stars = result.suggested.stars.value_or(0) > 0 ? Words::stars(result.suggested.stars) : QString();
    paragraph(QStringLiteral("<b>%1</b> %2").arg(plain(Words::decision(result.decision)), stars));
    paragraph(plain(tr("overall %1, quality %2, aesthetic %3")
                        .arg(Words::score(result.overall), Words::score(result.quality), Words::score(result.aesthetic))));
    paragraph(plain(result.reason));
    if (seen)
    {
        paragraph(plain(tr("In digiKam: %1.").arg(Words::marks(result, *seen))));
    }
    QString table;
    for (const Attribute& attribute : result.attributes)
    {
        table += rowOf(attribute);
    }
    parts << QStringLiteral("<table width='100%' cellspacing='2'>%1</table>").arg(table);
    setHtml(parts.join(QString()));
}

void Details::showNothing()
{
    setHtml(QStringLiteral("<p>%1</p>").arg(plain(tr("Select a photo to see what the agent says of it."))));
}

} // namespace RealQA
