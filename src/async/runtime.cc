#include "async/runtime.h"

#include <unistd.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/this_coro.hpp>
#include <csignal>
#include <exception>
#include <optional>

#include "base/clock.h"

namespace mcpo::async {

struct Runtime::Impl {
  Impl(Options options, Logger& l) : log(l), cpu(options.cpu_threads) {}

  void wait_for_signal(std::function<void(int)> on_stop);

  Logger& log;
  // The pool goes first: what runs there may still post to the context.
  asio::io_context context{1};
  CpuPool cpu;
  asio::signal_set signals{context};
  bool stopping = false;
  SteadyTime asked_at{};  // to stop
  int asked_by = 0;
};

namespace {

// timeout(1), shells and wrappers signal a process and then its group: that is one wish.
constexpr Millis kEcho{250};

Co<int> run_main(Co<int> main) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(main);
}

}  // namespace

Runtime::Runtime(Options options, Logger& log) : impl_(std::make_unique<Impl>(options, log)) {
  std::signal(SIGPIPE, SIG_IGN);
}

Runtime::~Runtime() { impl_->cpu.stop(); }

Executor Runtime::io() { return impl_->context.get_executor(); }

CpuPool& Runtime::cpu() { return impl_->cpu; }

void Runtime::Impl::wait_for_signal(std::function<void(int)> on_stop) {
  signals.async_wait(
      [this, on_stop = std::move(on_stop)](boost::system::error_code error, int signal) mutable {
        if (error) return;
        const auto now = std::chrono::steady_clock::now();
        const bool is_echo = stopping && signal == asked_by && now - asked_at < kEcho;
        if (stopping && !is_echo) _exit(128 + signal);
        if (is_echo) return wait_for_signal(nullptr);
        stopping = true;
        asked_at = now;
        asked_by = signal;
        log.info("stopping", {{"signal", signal}});
        if (on_stop) on_stop(signal);
        wait_for_signal(nullptr);
      });
}

int Runtime::run(Co<int> main, std::function<void(int signal)> on_stop) {
  impl_->signals.add(SIGINT);
  impl_->signals.add(SIGTERM);
  impl_->wait_for_signal(std::move(on_stop));

  std::optional<int> exit_code;
  std::exception_ptr thrown;
  asio::co_spawn(impl_->context, run_main(std::move(main)), [&](std::exception_ptr e, int code) {
    thrown = e;
    exit_code = code;
    impl_->context.stop();
  });
  impl_->context.run();
  impl_->signals.cancel();
  impl_->signals.clear();
  if (thrown) std::rethrow_exception(thrown);
  return exit_code.value_or(1);
}

}  // namespace mcpo::async
