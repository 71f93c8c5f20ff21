// digiKam's plugin interface: its own headers where they can be had, else our declarations of it.
#pragma once

#ifdef REALQA_OWN_DECLARATIONS
#include "digikam79.h"
#else
#include <dinfointerface.h>
#include <dpluginaction.h>
#include <dpluginauthor.h>
#include <dplugingeneric.h>
#include <drawdecoder.h>
#endif
