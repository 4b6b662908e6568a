#include "search/exact_names.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/text.h"

namespace mcpo::search {
namespace {

constexpr std::size_t kMaxNearestWords = 6;
// Of one run of characters, qualified names are looked for in its last bytes only.
constexpr std::size_t kMaxQualifiedBytes = 256;
constexpr std::string_view kQuotes = "\"'`";

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// Ends a name in running text.
bool is_border(char c) {
  return is_space(c) || std::string_view(",;()[]{}<>|=\"'`*").find(c) != std::string_view::npos;
}

// How much a name looks like nothing but a name.
enum class Shape {
  word,   // "search", "Search", "URL": may stand in any text
  other,  // "e-mail", "5", "für", "2nd": likewise, but nobody quotes them as words
  camel,  // "getUser", "CoinDesk": when written just so
  code    // "get_user", "resolve-library-id", "md5sum": in any case of its letters
};

Shape shape_of(std::string_view name) {
  if (std::ranges::all_of(name, is_letter)) {
    const bool is_word = name.empty() || std::ranges::all_of(name.substr(1), is_lower) ||
                         std::ranges::all_of(name, is_upper);
    return is_word ? Shape::word : Shape::camel;
  }
  const bool is_ascii = std::ranges::all_of(name, [](char c) { return c > ' ' && c <= '~'; });
  if (!is_ascii || std::ranges::count_if(name, is_letter) < 2) return Shape::other;
  if (name.find('_') != std::string_view::npos || std::ranges::count(name, '-') >= 2) {
    return Shape::code;
  }
  // Numbers with a unit begin with a digit.
  return is_letter(name[0]) && std::ranges::any_of(name, is_digit) ? Shape::code : Shape::other;
}

// Whether text[0, at) ends in the server's name and one of its separators.
bool is_qualified(std::string_view text, std::size_t at, std::string_view server) {
  if (server.empty() || at == 0) return false;
  std::size_t separator = 0;
  if (at >= 2 && text.substr(at - 2, 2) == "__") separator = 2;
  if (std::string_view(".:/").find(text[at - 1]) != std::string_view::npos) separator = 1;
  if (separator == 0 || at < separator + server.size()) return false;
  const std::size_t begin = at - separator - server.size();
  if (!iequals_ascii(text.substr(begin, server.size()), server)) return false;
  return begin == 0 || is_border(text[begin - 1]) || text[begin - 1] == '_' ||
         text[begin - 1] == '/' || text[begin - 1] == ':';
}

// Cuts full stops and the like off both ends of text[begin, end).
void trim_punctuation(std::string_view text, std::size_t& begin, std::size_t& end) {
  const auto is_cut = [](char c) {
    return c == '.' || c == ':' || c == '!' || c == '?' || c == '/';
  };
  while (end > begin && is_cut(text[end - 1])) --end;
  while (begin < end && is_cut(text[begin])) ++begin;
}

}  // namespace

// Where a name may stand in a text.
struct ExactNames::Place {
  std::string_view text;
  std::size_t at = 0;
  std::size_t size = 0;
  enum class Kind { running, quoted, whole } kind = Kind::running;

  std::string_view name() const { return text.substr(at, size); }
  // For a name that is equal but for case.
  bool means(std::string_view tool) const {
    if (kind == Kind::whole) return true;
    switch (shape_of(tool)) {
      case Shape::code:
        return true;
      case Shape::camel:
        return tool == name();
      case Shape::other:
        return kind == Kind::quoted;
      case Shape::word:
        // Quoted titles begin with capitals.
        return kind == Kind::quoted && tool == name() && tool == ascii_lower(tool);
    }
    return false;
  }
};

ExactNames::ExactNames(const std::vector<std::shared_ptr<const PreparedDocuments>>& parts)
    : parts_(parts) {
  DocId doc = 0;
  for (std::uint32_t part = 0; part < parts_.size(); ++part) {
    for (std::uint32_t local = 0; local < parts_[part]->size(); ++local) {
      by_hash_.push_back({term_hash(ascii_lower(parts_[part]->name(local))), doc++, part, local});
    }
  }
  std::ranges::sort(by_hash_);
}

std::vector<ExactNames::Mention> ExactNames::mentioned_in(std::string_view request) const {
  using Kind = Place::Kind;
  const std::string_view text = trim(request);
  std::vector<Mention> out;
  add_mentions({text, 0, text.size(), Kind::whole}, out);
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && !is_border(text[end])) ++end;
    const bool quoted = at > 0 && end < text.size() && text[at - 1] == text[end] &&
                        kQuotes.find(text[end]) != std::string_view::npos;
    std::size_t begin = at;
    at = end + 1;
    trim_punctuation(text, begin, end);
    if (begin == end) continue;
    add_mentions({text, begin, end - begin, quoted ? Kind::quoted : Kind::running}, out);
    for (std::size_t i = std::max(begin + 1, end - std::min(end, kMaxQualifiedBytes)); i < end;
         ++i) {
      const char before = text[i - 1];
      const bool separated = before == '.' || before == ':' || before == '/' ||
                             (i >= begin + 2 && before == '_' && text[i - 2] == '_');
      if (separated) add_mentions({text, i, end - i, Kind::running}, out);
    }
  }
  return out;
}

void ExactNames::add_mentions(const Place& place, std::vector<Mention>& out) const {
  const std::uint64_t hash = term_hash(ascii_lower(place.name()));
  const auto [first, last] = std::ranges::equal_range(by_hash_, hash, {}, &Entry::hash);
  std::vector<Mention> anywhere;
  const std::size_t before = out.size();
  for (const Entry& entry : std::ranges::subrange(first, last)) {
    if (!iequals_ascii(name(entry), place.name())) continue;
    if (is_qualified(place.text, place.at, server(entry))) {
      out.push_back({entry.doc, true});
    } else if (place.means(name(entry))) {
      anywhere.push_back({entry.doc, false});
    }
  }
  if (out.size() == before) out.insert(out.end(), anywhere.begin(), anywhere.end());
}

std::vector<DocId> ExactNames::nearest_to(std::string_view text, std::size_t count,
                                          const std::function<bool(DocId)>& visible) const {
  std::vector<std::pair<std::string, DocId>> documents;
  for (const Entry& entry : by_hash_) {
    if (!visible || visible(entry.doc)) documents.emplace_back(name(entry), entry.doc);
  }
  std::ranges::sort(documents);
  std::vector<std::string> names;
  for (const auto& [name, doc] : documents) {
    if (names.empty() || names.back() != name) names.push_back(name);
  }
  std::vector<std::string_view> words = {trim(text)};
  for (std::size_t at = 0; at < text.size() && words.size() < kMaxNearestWords;) {
    std::size_t end = at;
    while (end < text.size() && !is_border(text[end])) ++end;
    if (end - at >= 3 && text.substr(at, end - at) != words[0]) {
      words.push_back(text.substr(at, end - at));
    }
    at = end + 1;
  }
  std::vector<DocId> out;
  for (const std::string_view word : words) {
    for (const std::string& near : nearest_names(word, names, count)) {
      const auto same =
          std::ranges::equal_range(documents, near, {}, [](const auto& one) { return one.first; });
      for (const auto& [name, doc] : same) {
        if (out.size() == count) return out;
        if (std::ranges::find(out, doc) == out.end()) out.push_back(doc);
      }
    }
  }
  return out;
}

}  // namespace mcpo::search
