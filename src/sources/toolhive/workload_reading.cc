#include "sources/toolhive/workload_reading.h"

#include <algorithm>
#include <iterator>

#include "base/hash.h"
#include "base/json.h"
#include "sources/identity.h"

namespace mcpo::sources::toolhive {
namespace {

constexpr std::string_view kMemoryPrefix = "export:";

mcp::HttpKind kind_of(std::string_view transport) {
  if (transport == "sse") return mcp::HttpKind::sse;
  if (transport == "streamable-http") return mcp::HttpKind::streamable;
  return mcp::HttpKind::detect;
}

void add_problem(Workload& workload, const std::string& problem) {
  if (!workload.problem.empty()) workload.problem += "; ";
  workload.problem += problem;
}

// Without the name in "details of NAME: HTTP status 500".
std::string cause_of(const Unreadable& entry) {
  const std::size_t at = entry.reason.rfind(entry.name + ": ");
  return at == std::string::npos ? entry.reason : entry.reason.substr(at + entry.name.size() + 2);
}

// Names no workload: not everyone who may read it may know all of them.
std::string tell_unreadable(const Observation& seen) {
  const std::size_t all = seen.workloads.size() + seen.unreadable.size();
  const std::string first = cause_of(seen.unreadable.front());
  const bool is_only_cause = std::ranges::all_of(
      seen.unreadable, [&](const Unreadable& entry) { return cause_of(entry) == first; });
  return std::to_string(seen.unreadable.size()) + " of " + std::to_string(all) +
         " workloads could not be read: " + first + (is_only_cause ? "" : ", and other causes");
}

void reach_at(const std::string& host, Workload& workload) {
  if (host.empty() || !workload.spec) return;
  http::Url& url = std::get<mcp::HttpSpec>(*workload.spec).url;
  if (!http::is_loopback_host(url.host)) return;
  url.host = host;
  workload.url = redacted_url(url.str());
}

std::string memory_key(const std::string& name) { return std::string(kMemoryPrefix) + name; }

}  // namespace

// Valid for one (created_at, upstream URL); containers have no URL.
struct WorkloadReading::Recorded {
  std::string created_at;
  std::string url_hash;
  std::string entry;  // registry_server_name
  std::string image;  // of a container, as asked for: an image, or npx://, uvx://, go://

  std::string text() const {
    JsonWriter json;
    json.begin_array().string(created_at).string(url_hash).string(entry).string(image);
    return json.end_array().take();
  }

  static std::optional<Recorded> parse(std::string_view text) {
    const auto json = parse_json(text, {});
    std::vector<std::string> fields;
    if (!json) return std::nullopt;
    for (const RawJson element : json->elements()) {
      fields.push_back(element.as_string().value_or(""));
    }
    if (fields.size() != 4) return std::nullopt;
    return Recorded{fields[0], fields[1], fields[2], fields[3]};
  }
};

bool is_remote(const ListedWorkload& listed) {
  // The second: an item whose "remote" could not be read, and "remote (data failed to load)".
  return listed.remote || listed.package == "remote" || listed.package.starts_with("remote (");
}

Workload make_workload(const ListedWorkload& listed) {
  Workload out;
  out.name = listed.name;
  if (!listed.group.empty()) out.group = listed.group;
  out.status = listed.status.empty() ? "unknown" : listed.status;
  out.transport = listed.transport;
  out.created_at = listed.created_at;
  out.problem = listed.problem;
  // "remote (data failed to load)"
  if (listed.package.starts_with("remote (")) {
    add_problem(out, "ToolHive calls it \"" + listed.package + "\"");
  }
  if (listed.url.empty()) return out;
  out.url = redacted_url(listed.url);
  // Without the fragment (#name), which SSE addresses carry; never with a token or an Origin.
  if (auto url = http::parse_url(listed.url)) {
    out.spec = mcp::HttpSpec{.url = *std::move(url), .headers = {}, .kind = kind_of(out.transport)};
  } else if (out.problem.empty()) {
    out.problem = "its address cannot be used: " + url.error().message;
  }
  return out;
}

WorkloadReading::WorkloadReading(std::shared_ptr<Api> api, const ReadingOptions& options,
                                 const History& history, std::vector<ListedWorkload> list,
                                 const std::set<std::string>& last)
    : api_(std::move(api)), options_(options), history_(history) {
  const bool is_empty = list.empty();
  for (ListedWorkload& listed : list) add(std::move(listed));
  // A list that is suddenly empty must be so twice before anything is concluded from it.
  if (!is_empty || history.memory.contains(kEmptyListing)) plan_absent();
  const auto is_last = [&](const Job& job) {
    return job.kind != Kind::absent && last.contains(items_[job.index].workload.name);
  };
  std::vector<Job> late;
  std::ranges::copy_if(jobs_, std::back_inserter(late), is_last);
  std::erase_if(jobs_, is_last);
  jobs_.insert(jobs_.end(), late.begin(), late.end());
}

void WorkloadReading::add(ListedWorkload listed) {
  if (listed.name.empty()) {
    nameless_.push_back(listed.problem);
    return;
  }
  // ToolHive's names are unique; should one come twice, the first is as good as the second.
  if (!listed_.insert(listed.name).second) return;
  Item item{.workload = make_workload(listed),
            .remote = is_remote(listed),
            .asked = false,
            .trouble = "",
            .left_out = {}};
  Workload& workload = item.workload;
  reach_at(options_.proxy_host, workload);
  if (options_.skipped.contains(workload.name)) {
    item.left_out = "it is one of the skipped workloads";
  } else if (options_.is_ourselves && workload.spec) {
    item.left_out = options_.is_ourselves(*workload.spec);
  }
  if (!item.remote) workload.image = workload.identity = listed.package;
  items_.push_back(std::move(item));
  if (items_.back().left_out || history_.routes_only) return;
  const std::size_t index = items_.size() - 1;
  if (items_.back().remote) {
    jobs_.push_back({Kind::remote, index});
  } else if (!is_known_recording(items_.back())) {
    jobs_.push_back({Kind::container, index});
  }
}

void WorkloadReading::plan_absent() {
  if (history_.routes_only) return;
  for (const History::KnownServer& known : history_.servers) {
    if (!known.namespace_name.empty() || listed_.contains(known.name)) continue;
    jobs_.push_back({Kind::absent, absent_.size()});
    absent_.push_back(known.name);
  }
}

std::string WorkloadReading::url_hash(const std::string& url) const {
  return url.empty() ? "" : keyed_hash(options_.hash_key, url).substr(0, 32);
}

std::optional<WorkloadReading::Recorded> WorkloadReading::remembered(
    const std::string& name) const {
  const auto found = history_.memory.find(memory_key(name));
  return found == history_.memory.end() ? std::nullopt : Recorded::parse(found->second);
}

bool WorkloadReading::is_known_recording(const Item& item) const {
  const auto recorded = remembered(item.workload.name);
  return recorded && recorded->created_at == item.workload.created_at &&
         recorded->url_hash == url_hash(item.workload.upstream_url);
}

void WorkloadReading::use(const Recorded& recorded, Item& item) const {
  item.workload.recorded_entry = recorded.entry;
  // The list shows the image that ToolHive built for it, which no registry has; or none at all.
  const bool is_better = is_protocol_scheme(recorded.image) || item.workload.image.empty();
  if (!item.remote && is_better) {
    item.workload.image = item.workload.identity = recorded.image;
  }
}

async::Task<void> WorkloadReading::run(std::size_t job, async::Deadline until) {
  const auto [kind, index] = jobs_[job];
  if (kind == Kind::absent) co_return co_await ask_absent(index, until);
  Item& item = items_[index];
  item.asked = !until.expired();
  if (!item.asked) {
    if (item.remote) item.trouble = "its details were not asked for: others took all the time";
    co_return Result<void>();
  }
  if (kind == Kind::remote) co_return co_await read_remote(item, until);
  co_return co_await read_recording(item, until);
}

async::Task<void> WorkloadReading::read_remote(Item& item, async::Deadline until) {
  // Until it was read, nobody knows what it is.
  Workload& workload = item.workload;
  item.trouble = "its details were not read";
  std::string name = workload.name;
  const auto details = co_await api_->read_details(std::move(name), until);
  if (!details) {
    item.trouble = details.error().message;
    co_return Result<void>();
  }
  item.trouble = details->url.empty() ? "its details name no upstream URL" : "";
  if (!item.trouble.empty()) co_return Result<void>();
  workload.upstream_url = details->url;
  workload.identity = redacted_url(details->url);
  if (const auto url = http::parse_url(details->url); url && options_.is_ourselves) {
    item.left_out = options_.is_ourselves(
        mcp::HttpSpec{.url = *url, .headers = {}, .kind = mcp::HttpKind::detect});
  }
  if (item.left_out || is_known_recording(item)) co_return Result<void>();
  co_return co_await read_recording(item, until);
}

// Not being read is no trouble: it only helps to find the registry entry. Then the next cycle asks
// again, and what was recorded for the same workload before its URL changed stays the best guess.
async::Task<void> WorkloadReading::read_recording(Item& item, async::Deadline until) {
  std::string name = item.workload.name;
  const auto exported = co_await api_->read_export(std::move(name), until);
  if (!exported && exported.error().code != Errc::not_found) {
    silent_.insert(item.workload.name);
    co_return Result<void>();
  }
  Recorded recorded{.created_at = item.workload.created_at,
                    .url_hash = url_hash(item.workload.upstream_url),
                    .entry = "",
                    .image = ""};
  if (exported) {
    recorded.entry = exported->registry_server_name;
    if (!item.remote) recorded.image = exported->image;
  }
  use(recorded, item);
  memory_[memory_key(item.workload.name)] = recorded.text();
  co_return Result<void>();
}

async::Task<void> WorkloadReading::ask_absent(std::size_t index, async::Deadline until) {
  std::string name = absent_[index];
  const auto status = co_await api_->read_status(std::move(name), until);
  Unreadable about{.namespace_name = "", .name = absent_[index], .reason = "", .listed = {}};
  if (!status && status.error().code == Errc::not_found) {
    about.reason = "ToolHive does not have it any more (404)";
    memory_[memory_key(about.name)] = std::nullopt;
    gone_.push_back(std::move(about));
    co_return Result<void>();
  }
  about.reason = status
                     ? "not listed, but asked by its name ToolHive answers \"" + *status + "\""
                     : "not listed, and whether it is gone is not known: " + status.error().message;
  unanswered_.push_back(std::move(about));
  co_return Result<void>();
}

void WorkloadReading::finish_item(Item& item, Observation& out) {
  Workload& workload = item.workload;
  if (item.left_out) {
    out.left_out.push_back({"", workload.name, *std::move(item.left_out), {}});
    return;
  }
  // What was remembered, unless this cycle learned something newer.
  if (!memory_.contains(memory_key(workload.name)) && !history_.routes_only) {
    const auto recorded = remembered(workload.name);
    if (recorded && recorded->created_at == workload.created_at) use(*recorded, item);
  }
  if (!item.remote && workload.image.empty()) {
    add_problem(workload, "nothing that ToolHive says of it names its image");
  }
  if (item.trouble.empty()) {
    out.workloads.push_back(std::move(workload));
    return;
  }
  if (item.asked) silent_.insert(workload.name);
  // Its port may have been given to another one: only for the same workload it is a way to it.
  const auto known =
      std::ranges::find(history_.servers, workload.name, &History::KnownServer::name);
  const bool is_same = known != history_.servers.end() && known->created_at == workload.created_at;
  if (!is_same) workload.spec.reset();
  std::string name = workload.name;
  out.unreadable.push_back({"", std::move(name), std::move(item.trouble), std::move(workload)});
}

void WorkloadReading::forget_old(Observation& out) const {
  std::set<std::string> kept = listed_;
  for (const auto& known : history_.servers) kept.insert(known.name);
  for (const auto& [key, value] : history_.memory) {
    if (!key.starts_with(kMemoryPrefix)) continue;
    if (!kept.contains(key.substr(kMemoryPrefix.size()))) out.memory[key] = std::nullopt;
  }
}

void WorkloadReading::finish(Observation& out) {
  for (Item& item : items_) finish_item(item, out);
  for (Unreadable& absent : unanswered_) out.unreadable.push_back(std::move(absent));
  out.gone = std::move(gone_);
  out.memory.merge(memory_);
  // An empty list proves nothing, so nothing is forgotten for it.
  if (!listed_.empty() && !history_.routes_only) forget_old(out);
  const bool is_complete = out.unreadable.empty() && nameless_.empty();
  out.state = is_complete ? ObservationState::complete : ObservationState::partial;
  if (!out.unreadable.empty()) {
    out.detail = tell_unreadable(out);
  } else if (!nameless_.empty()) {
    out.detail = nameless_.front();
  }
}

}  // namespace mcpo::sources::toolhive
