// The threads of the program: one for all I/O and protocol state (so that none of it needs locks),
// a few for CPU work, and signals that ask for an orderly stop.
#pragma once

#include <functional>
#include <memory>

#include "async/task.h"
#include "base/log.h"

namespace mcpo::async {

class Runtime {
 public:
  struct Options {
    std::size_t cpu_threads = 2;
  };
  Runtime(Options options, Logger& log);
  ~Runtime();

  Executor io();  // single-threaded
  CpuPool& cpu();
  // Runs `main` on the I/O thread (the calling one) and returns its exit code. SIGINT and SIGTERM
  // call `on_stop` once; a second one ends the process at once with 128 + signal, unless it is the
  // same within a quarter of a second (an echo). SIGPIPE is ignored.
  int run(Co<int> main, std::function<void(int signal)> on_stop);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mcpo::async
