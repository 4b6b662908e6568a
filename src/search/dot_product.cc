#include "search/dot_product.h"

#include <algorithm>
#include <cmath>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mcpo::search {
namespace {

constexpr double kMaxNormError = .01;  // of the square: rounded components

std::int32_t dot_plain(const Fixed* a, const Fixed* b, std::size_t size) {
  std::int32_t sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += std::int32_t{a[i]} * b[i];
  return sum;
}

#if defined(__x86_64__)
[[gnu::target("avx2")]] inline __m256i product_at(const Fixed* a, const Fixed* b) {
  return _mm256_madd_epi16(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(a)),
                           _mm256_loadu_si256(reinterpret_cast<const __m256i*>(b)));
}

[[gnu::target("avx2")]] std::int32_t dot_avx2(const Fixed* a, const Fixed* b, std::size_t size) {
  constexpr std::size_t kStep = 32;
  __m256i even = _mm256_setzero_si256();
  __m256i odd = _mm256_setzero_si256();
  std::size_t i = 0;
  for (; i + kStep <= size; i += kStep) {
    even = _mm256_add_epi32(even, product_at(a + i, b + i));
    odd = _mm256_add_epi32(odd, product_at(a + i + kStep / 2, b + i + kStep / 2));
  }
  const __m256i both = _mm256_add_epi32(even, odd);
  __m128i sum = _mm_add_epi32(_mm256_castsi256_si128(both), _mm256_extracti128_si256(both, 1));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0x4e));
  sum = _mm_add_epi32(sum, _mm_shuffle_epi32(sum, 0xb1));
  return _mm_cvtsi128_si32(sum) + dot_plain(a + i, b + i, size - i);
}

[[gnu::target("avx2")]] void dot_rows_avx2(std::span<const Fixed> rows,
                                           std::span<const Fixed> vector,
                                           std::span<std::int32_t> out) {
  const Fixed* row = rows.data();
  for (std::int32_t& one : out) {
    one = dot_avx2(row, vector.data(), vector.size());
    row += vector.size();
  }
}
#endif

}  // namespace

bool append_fixed(std::span<const float> vector, std::vector<Fixed>& out) {
  double squares = 0;
  for (const float x : vector) squares += double{x} * x;
  const bool has_direction = squares > 0 && std::isfinite(squares);
  const double factor = has_direction ? double{kFixedOne} / std::sqrt(squares) : 0;
  out.reserve(out.size() + vector.size());
  for (const float x : vector) {
    out.push_back(has_direction ? static_cast<Fixed>(std::lround(x * factor)) : Fixed{0});
  }
  return has_direction;
}

std::vector<Fixed> to_fixed(std::span<const float> vector) {
  std::vector<Fixed> out;
  if (!append_fixed(vector, out)) out.clear();
  return out;
}

bool has_norm_one(std::span<const Fixed> vector) {
  double squares = 0;
  for (const double x : vector) squares += x * x;
  return std::abs(squares / (double{kFixedOne} * kFixedOne) - 1) <= kMaxNormError;
}

void dot_rows_plain(std::span<const Fixed> rows, std::span<const Fixed> vector,
                    std::span<std::int32_t> out) {
  const Fixed* row = rows.data();
  for (std::int32_t& one : out) {
    one = dot_plain(row, vector.data(), vector.size());
    row += vector.size();
  }
}

void dot_rows(std::span<const Fixed> rows, std::span<const Fixed> vector,
              std::span<std::int32_t> out) {
#if defined(__x86_64__)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") != 0;
  if (has_avx2) return dot_rows_avx2(rows, vector, out);
#endif
  dot_rows_plain(rows, vector, out);
}

}  // namespace mcpo::search
