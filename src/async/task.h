// Coroutines that return Result<T>, and the pool for work that would hold up an I/O thread.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <type_traits>
#include <utility>

#include "base/result.h"

namespace mcpo::async {

namespace asio = boost::asio;
using Executor = asio::any_io_executor;

// Every coroutine of ours that can fail. Cancellation (of the coroutine's asio slot) arrives as
// Errc::cancelled from the innermost await that supports it; state stays valid.
template <class T>
using Task = asio::awaitable<Result<T>>;
// For coroutines that cannot fail.
template <class T = void>
using Co = asio::awaitable<T>;

// A fixed number of threads for CPU work and for blocking calls (SQLite). One with one thread is a
// queue: what is offloaded to it runs in order.
class CpuPool {
 public:
  explicit CpuPool(std::size_t threads) : pool_(threads) {}
  ~CpuPool() { stop(); }
  CpuPool(const CpuPool&) = delete;
  CpuPool& operator=(const CpuPool&) = delete;

  asio::thread_pool::executor_type executor() { return pool_.get_executor(); }
  // Finishes what runs, drops what waits, joins. Idempotent.
  void stop() {
    pool_.stop();
    pool_.join();
  }

 private:
  asio::thread_pool pool_;
};

// Runs `fn` on the pool and comes back to the caller's executor with its value. `fn` runs to its
// end even when the awaiting coroutine is cancelled; what it captures must be its own.
template <class F, class R = std::invoke_result_t<F>>
asio::awaitable<R> offload(CpuPool& pool, F fn) {
  auto initiate = [&pool](auto handler, F work) {
    auto back = asio::get_associated_executor(handler);
    asio::post(pool.executor(), [handler = std::move(handler), work = std::move(work),
                                 back = std::move(back)]() mutable {
      if constexpr (std::is_void_v<R>) {
        work();
        asio::post(back, [handler = std::move(handler)]() mutable { std::move(handler)(); });
      } else {
        asio::post(back, [handler = std::move(handler), value = work()]() mutable {
          std::move(handler)(std::move(value));
        });
      }
    });
  };
  if constexpr (std::is_void_v<R>) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(
        std::move(initiate), asio::use_awaitable, std::move(fn));
  } else {
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(R)>(
        std::move(initiate), asio::use_awaitable, std::move(fn));
  }
}

}  // namespace mcpo::async
