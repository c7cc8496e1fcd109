/* What is in the private folder by which a launched program and Refscope find
 * each other.  It is made for one launch, and is gone when Refscope is. */
#pragma once

#define RSC_WIRE_SOCKET "socket"
#define RSC_WIRE_PRELOAD_LINK "refscope-preload.so"
#define RSC_WIRE_AGENT_LINK "refscope-agent.so"
/* A link to the folder that contains the Python package. */
#define RSC_WIRE_PACKAGE_LINK "python"
