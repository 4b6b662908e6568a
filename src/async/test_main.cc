// The tests' main: as the product's, it doubles as the supervisor of the processes it starts. And
// with kHoldVerb it is a parent that a test can kill: `async_test __hold COMMAND...` starts
// COMMAND, copies its stdout to its own, and never ends by itself.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <string_view>

#include "async/process.h"
#include "async/runtime.h"

namespace mcpo::async {
namespace {

Co<int> hold(Executor executor, ProcessOptions options) {
  auto process = Process::start(executor, std::move(options));
  if (!process) co_return 1;
  std::array<char, 256> buffer;
  while (true) {
    auto size = co_await (*process)->read_stdout(buffer);
    if (!size || *size == 0) break;
    if (write(1, buffer.data(), *size) < 0) break;
  }
  auto status = co_await (*process)->wait(Deadline::never());
  co_return status ? status->code : 1;
}

int hold_main(int argc, char** argv) {
  ProcessOptions options;
  options.command = argv[2];
  options.args.assign(argv + 3, argv + argc);
  options.environment["PATH"] = "/usr/bin:/bin";
  options.kill_grace = Millis(100);
  Runtime runtime({}, Logger::none());
  return runtime.run(hold(runtime.io(), std::move(options)), [](int) {});
}

}  // namespace
}  // namespace mcpo::async

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (verb == mcpo::async::kSuperviseVerb) return mcpo::async::supervisor_main(argc, argv);
  if (verb == "__hold" && argc > 2) return mcpo::async::hold_main(argc, argv);
  std::signal(SIGPIPE, SIG_IGN);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
