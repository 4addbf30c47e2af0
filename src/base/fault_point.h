#pragma once
/// Places where a test can end the process as a crash would: between the steps that must survive one. Only in builds with
/// tests (assay_fault_points in cmake/assay_library.cmake); elsewhere a point is nothing.
/// ASSAY_FAULT_POINT=NAME kills the process (SIGKILL) when it comes to NAME, NAME:N when it comes there for the Nth time.
#ifdef ASSAY_FAULT_POINTS
namespace assay {
void fault_point(const char* name); ///< any thread
}
#define ASSAY_FAULT_POINT(name) ::assay::fault_point(name)
#else
#define ASSAY_FAULT_POINT(name) static_cast<void>(0)
#endif
