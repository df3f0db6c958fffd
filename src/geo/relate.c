#include "geo/relate.h"
