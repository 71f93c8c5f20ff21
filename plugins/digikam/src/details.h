// Beside the photos: what the agent says of the chosen one, with its reasons.
#pragma once

#include "plan.h"
#include "result.h"

#include <QTextBrowser>

namespace RealQA
{

class Details : public QTextBrowser
{
    Q_OBJECT

public:
    explicit Details(QWidget* parent = nullptr);

    /// Show a photo; `seen`: as digiKam has it, nothing if it doesn't know it.
    void showPhoto(const Result& result, const std::optional<Seen>& seen);
    void showNothing();
};

} // namespace RealQA
