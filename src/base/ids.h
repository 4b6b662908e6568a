// Numbers that identify things of one kind and cannot be mixed up with those of another.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace mcpo {

template <class Tag>
struct Id {
  std::int64_t value = 0;  // 0: none yet
  auto operator<=>(const Id&) const = default;
  explicit operator bool() const { return value != 0; }
};

using ServerId = Id<struct ServerTag>;  // a row of the catalog; never reused

}  // namespace mcpo

template <class Tag>
struct std::hash<mcpo::Id<Tag>> {
  std::size_t operator()(mcpo::Id<Tag> id) const noexcept {
    return std::hash<std::int64_t>{}(id.value);
  }
};
