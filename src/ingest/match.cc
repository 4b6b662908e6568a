#include "ingest/match.h"

#include <algorithm>
#include <tuple>

#include "sources/identity.h"

namespace mcpo::ingest {
namespace {

using catalog::Link;
using catalog::MatchRule;
using catalog::Registry;

// Smaller is better. The names of a registry differ, so the order is total.
auto preference(const RegistryEntry& entry, std::string_view recorded) {
  return std::tuple(entry.name != recorded, entry.status != "Active", entry.tier != "Official",
                    entry.name.size(), std::string_view(entry.name));
}

// Docker's own default: an image without tag and digest is the latest.
std::string_view tag_of(const sources::ImageReference& image) {
  return image.tag.empty() && image.digest.empty() ? std::string_view("latest") : image.tag;
}

bool same_version(const sources::ImageReference& a, const sources::ImageReference& b) {
  return tag_of(a) == tag_of(b) && a.digest == b.digest;
}

}  // namespace

MatchIndex::MatchIndex(std::shared_ptr<const Registry> registry) : registry_(std::move(registry)) {
  if (!registry_) return;
  for (const auto& [name, entry] : *registry_) {
    if (!entry->url.empty()) add_url(*entry);
    if (!entry->image.empty()) add_image(*entry);
  }
}

void MatchIndex::add_url(const RegistryEntry& entry) {
  by_url_[entry.url].push_back(&entry);
  if (const auto normal = sources::normalize_url(entry.url)) {
    by_normal_url_[normal->text].push_back(&entry);
  }
  if (sources::is_url_template(entry.url)) templates_.push_back(&entry);
}

void MatchIndex::add_image(const RegistryEntry& entry) {
  by_image_[entry.image].push_back(&entry);
  if (sources::is_protocol_scheme(entry.image)) {
    scheme_images_.push_back(&entry);
  } else if (const auto parts = sources::parse_image(entry.image)) {
    by_repository_[parts->canonical()].push_back(&entry);
  }
}

Link MatchIndex::match(const MatchFacts& facts) const {
  if (!registry_) return {};
  Hit hit = facts.upstream_url.empty() ? find_image(facts.image) : find_url(facts.upstream_url);
  if (hit.entries.empty()) {
    const std::string recorded(facts.recorded_entry);
    if (recorded.empty() || !registry_->contains(recorded)) return {};
    return {recorded, MatchRule::recorded, {}};
  }
  std::ranges::sort(hit.entries, {}, [&](const RegistryEntry* entry) {
    return preference(*entry, facts.recorded_entry);
  });
  Link out{hit.entries.front()->name, hit.rule, {}};
  for (std::size_t i = 1; i < hit.entries.size(); ++i) out.others.push_back(hit.entries[i]->name);
  return out;
}

const MatchIndex::Candidates* MatchIndex::find(const Table& table, std::string_view key) {
  const auto it = table.find(key);
  return it == table.end() ? nullptr : &it->second;
}

MatchIndex::Hit MatchIndex::find_url(std::string_view url) const {
  if (const auto* entries = find(by_url_, url)) return {MatchRule::exact, *entries};
  const auto normal = sources::normalize_url(url);
  if (!normal) return {};
  if (const auto* entries = find(by_normal_url_, normal->text)) {
    return {MatchRule::normalized, *entries};
  }
  // Only entries whose own URL has no query can be found by this text.
  if (const auto* entries = find(by_normal_url_, normal->without_query())) {
    return {MatchRule::without_query, *entries};
  }
  Hit out{MatchRule::url_template, {}};
  std::ranges::copy_if(
      templates_, std::back_inserter(out.entries),
      [&](const RegistryEntry* entry) { return sources::matches_template(entry->url, url); });
  return out;
}

MatchIndex::Hit MatchIndex::find_image(std::string_view image) const {
  if (image.empty()) return {};
  if (const auto* entries = find(by_image_, image)) return {MatchRule::exact, *entries};
  return find_repository(image);
}

// Where the same version is there in another spelling ("redis:7", "docker.io/library/redis:7"),
// nothing differs.
MatchIndex::Hit MatchIndex::find_repository(std::string_view image) const {
  Hit same{MatchRule::normalized, {}};
  Hit other{MatchRule::version_differs, {}};
  if (sources::is_protocol_scheme(image)) {
    std::ranges::copy_if(scheme_images_, std::back_inserter(other.entries),
                         [&](const RegistryEntry* entry) {
                           return sources::same_image_repository(entry->image, image);
                         });
    return other;
  }
  const auto parts = sources::parse_image(image);
  const Candidates* entries = parts ? find(by_repository_, parts->canonical()) : nullptr;
  if (entries == nullptr) return {};
  for (const RegistryEntry* entry : *entries) {
    const auto theirs = sources::parse_image(entry->image);
    Hit& hit = theirs && same_version(*parts, *theirs) ? same : other;
    hit.entries.push_back(entry);
  }
  return same.entries.empty() ? other : same;
}

const MatchIndex& MatchIndexes::of(const SourceInstance& origin,
                                   const std::shared_ptr<const Registry>& registry) {
  const auto it = indexes_.find(origin);
  if (it != indexes_.end() && it->second.registry() == registry) return it->second;
  return indexes_.insert_or_assign(origin, MatchIndex(registry)).first->second;
}

}  // namespace mcpo::ingest
