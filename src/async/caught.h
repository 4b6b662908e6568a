// For whoever must learn of a coroutine's end, whatever happens in it.
#pragma once

#include <exception>
#include <string>
#include <utility>

#include "async/task.h"

namespace mcpo::async {

// The result of `work`; internal where it throws, which is a bug of ours or a lack of memory. Where
// others wait for the end of `work` an exception would leave them waiting for good.
template <class T>
Task<T> caught(Task<T> work) {
  try {
    co_return co_await std::move(work);
  } catch (const std::exception& thrown) {
    co_return fail(Errc::internal, std::string("it threw: ") + thrown.what());
  }
}

}  // namespace mcpo::async
