// For the moment between the start of a server and its EventLoop::OnSignal, which takes over.
#pragma once

namespace kuma::io {

// SIGTERM and SIGINT end the process at once with exit code 0: nothing is served yet, and what is written survives a kill.
void ExitOnStopSignals();

}  // namespace kuma::io
