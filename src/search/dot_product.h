// Dot products in fixed point. Integers, so that every implementation gives the same bits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mcpo::search {

// A component of a vector of norm 1, times kFixedOne. Sums of products of two such vectors stay
// below 2^29, so 32 bits never overflow.
using Fixed = std::int16_t;
inline constexpr float kFixedOne = 16384;

// Appends `vector` scaled to norm 1. False, and nothing but zeros appended, when it has no
// direction: all zero, or a component that is not finite.
bool append_fixed(std::span<const float> vector, std::vector<Fixed>& out);
// Scaled to norm 1; empty when it has no direction.
std::vector<Fixed> to_fixed(std::span<const float> vector);
// Up to what rounding does to it.
bool has_norm_one(std::span<const Fixed> vector);

// From the product of two vectors of norm 1.
inline float cosine_of(std::int32_t product) {
  return static_cast<float>(product) * (1 / (kFixedOne * kFixedOne));
}

// out[i] = rows[i] . vector; rows.size() == out.size() * vector.size().
void dot_rows(std::span<const Fixed> rows, std::span<const Fixed> vector,
              std::span<std::int32_t> out);

// The same in plain C++: what the faster ones are tested against, and what other processors run.
void dot_rows_plain(std::span<const Fixed> rows, std::span<const Fixed> vector,
                    std::span<std::int32_t> out);

}  // namespace mcpo::search
