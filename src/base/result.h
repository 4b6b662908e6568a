// Expected failures as values: every function that can fail for a reason outside the program
// returns Result<T>. Exceptions mean a bug or a failed start-up.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mcpo {

// The closed list of failure kinds, each with the caller's next move.
enum class Errc {
  invalid,      // the input is wrong: tell whoever sent it; do not retry
  not_found,    // the thing does not exist: offer what is near
  conflict,     // it clashes with what is there: read again, decide afresh
  denied,       // not allowed: do not retry with the same identity
  unavailable,  // the other side is down or busy: retry later
  timeout,      // no answer in time: it may still have happened
  cancelled,    // the caller went away: unwind quietly
  too_large,    // over a named limit: send less or raise the limit
  corrupt,      // stored or received bytes make no sense: keep the last good
  internal,     // a bug of ours: log, count, go on
};

std::string_view to_string(Errc code);

// What happened, where a caller acts on more than the kind of failure.
enum class Cause : std::uint8_t {
  unspecified,
  no_route,     // it is not known how to reach the other side
  not_reached,  // no connection came about: nothing was sent
  refused,      // the same, because nobody listens there
};

// `message` says what was attempted on what, for people; it never holds a secret, and no code reads
// it.
struct Error {
  Errc code = Errc::internal;
  std::string message;
  Cause cause = Cause::unspecified;
  int http_status = 0;  // of the answer that was the failure; 0: there was none

  bool operator==(const Error&) const = default;
};

template <class T>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(Errc code, std::string message) {
  return std::unexpected(Error{code, std::move(message)});
}

// "list tools of github: connection refused"
inline Error with_context(Error error, std::string_view what) {
  error.message.insert(0, ": ").insert(0, what);
  return error;
}

}  // namespace mcpo

#define MCPO_CONCAT_INNER(a, b) a##b
#define MCPO_CONCAT(a, b) MCPO_CONCAT_INNER(a, b)

#define MCPO_TRY_IMPL(tmp, leave, decl, ...)       \
  auto tmp = (__VA_ARGS__);                        \
  if (!tmp.has_value()) [[unlikely]]               \
    leave std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define MCPO_CHECK_IMPL(tmp, leave, ...)                       \
  if (auto tmp = (__VA_ARGS__); !tmp.has_value()) [[unlikely]] \
  leave std::unexpected(std::move(tmp).error())

// TRY(auto x, f()): declares x from f()'s value, or returns its error.
#define TRY(decl, ...) MCPO_TRY_IMPL(MCPO_CONCAT(mcpo_try_, __COUNTER__), return, decl, __VA_ARGS__)
// CO_TRY(auto x, co_await f()): the same inside a coroutine. (A declaration, because co_await
// within a GNU statement expression crashes g++ 12.)
#define CO_TRY(decl, ...) \
  MCPO_TRY_IMPL(MCPO_CONCAT(mcpo_try_, __COUNTER__), co_return, decl, __VA_ARGS__)
// The same for Result<void>, or where the value is not wanted.
#define CHECK_OK(...) MCPO_CHECK_IMPL(MCPO_CONCAT(mcpo_try_, __COUNTER__), return, __VA_ARGS__)
#define CO_CHECK_OK(...) \
  MCPO_CHECK_IMPL(MCPO_CONCAT(mcpo_try_, __COUNTER__), co_return, __VA_ARGS__)
