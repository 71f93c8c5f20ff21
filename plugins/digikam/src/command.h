// How the agent is called.
#pragma once

#include <QString>
#include <QStringList>

namespace RealQA
{

struct Command
{
    QString program;
    QStringList arguments;
    QString version; ///< Of the agent that installed this plugin; empty if nobody can tell.
};

/// Return the command that `realqa plugin install` left beside this plugin, `realqa` on the search path if there is
/// none. The variable REALQA_COMMAND comes before both: a program, without arguments.
Command installedCommand();

} // namespace RealQA
