#include "embed/onnx_runtime.h"

#include <dlfcn.h>
#include <onnxruntime_c_api.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace mcpo::embed {
namespace {

// The oldest interface with all that is used here. The interface only ever grows, so a newer
// library still has it.
constexpr std::uint32_t kApiVersion = 22;
constexpr std::array<std::string_view, 3> kKnownInputs{"input_ids", "attention_mask",
                                                       "token_type_ids"};

// An owner for one kind of the library's objects.
template <class T>
struct Release {
  void (*release)(T*) = nullptr;
  void operator()(T* object) const { release(object); }
};
template <class T>
using Owned = std::unique_ptr<T, Release<T>>;

Result<void> check(const OrtApi& api, OrtStatus* status, std::string_view what) {
  if (status == nullptr) return {};
  std::string message = std::string(what) + ": " + api.GetErrorMessage(status);
  api.ReleaseStatus(status);
  return fail(Errc::internal, std::move(message));
}

// Calls `make(&object)` and owns what it made.
template <class T, class Make>
Result<Owned<T>> owned(const OrtApi& api, void (*release)(T*), std::string_view what, Make make) {
  T* object = nullptr;
  CHECK_OK(check(api, make(&object), what));
  return Owned<T>(object, Release<T>{release});
}

}  // namespace

struct OnnxRuntime::Impl {
  const OrtApi* api = nullptr;
  std::string version;
  Owned<OrtEnv> env;
  Owned<OrtMemoryInfo> memory;
};

OnnxRuntime::OnnxRuntime(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OnnxRuntime::~OnnxRuntime() = default;
const std::string& OnnxRuntime::version() const { return impl_->version; }

namespace {

// The library stays loaded: it has threads and exit handlers of its own, which must not lose their
// code.
Result<const OrtApiBase*> load_base(const std::filesystem::path& library) {
  std::error_code ignored;
  if (!std::filesystem::exists(library, ignored)) {
    return fail(Errc::not_found, "no file " + library.string());
  }
  void* handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) {
    const char* why = dlerror();
    return fail(Errc::unavailable,
                "load " + library.string() + ": " + (why != nullptr ? why : "unknown error"));
  }
  void* symbol = dlsym(handle, "OrtGetApiBase");
  if (symbol == nullptr) {
    return fail(Errc::invalid, library.string() + " is not ONNX Runtime: it has no OrtGetApiBase");
  }
  return reinterpret_cast<const OrtApiBase* (*)()>(symbol)();
}

}  // namespace

Result<std::shared_ptr<OnnxRuntime>> OnnxRuntime::load(const std::filesystem::path& library) {
  TRY(const OrtApiBase* base, load_base(library));
  auto impl = std::make_unique<Impl>();
  impl->version = base->GetVersionString();
  impl->api = base->GetApi(kApiVersion);
  if (impl->api == nullptr) {
    return fail(Errc::invalid, library.string() + " is ONNX Runtime " + impl->version +
                                   "; 1.22 or later is needed");
  }
  const OrtApi& api = *impl->api;
  // What it would log, its errors say as well.
  TRY(impl->env, owned<OrtEnv>(api, api.ReleaseEnv, "start ONNX Runtime", [&](OrtEnv** out) {
        return api.CreateEnv(ORT_LOGGING_LEVEL_FATAL, "mcp-optimizer", out);
      }));
  TRY(impl->memory, owned<OrtMemoryInfo>(api, api.ReleaseMemoryInfo, "start ONNX Runtime",
                                         [&](OrtMemoryInfo** out) {
                                           return api.CreateCpuMemoryInfo(OrtDeviceAllocator,
                                                                          OrtMemTypeDefault, out);
                                         }));
  return std::shared_ptr<OnnxRuntime>(new OnnxRuntime(std::move(impl)));
}

struct OnnxSession::Impl {
  std::shared_ptr<OnnxRuntime> runtime;
  Owned<OrtSession> session;
  std::vector<std::string> inputs;
  std::string output;

  const OrtApi& api() const { return *runtime->impl_->api; }
  Result<void> open(const std::filesystem::path& model, const std::stop_token& stop);
  Result<void> read_inputs();
  Result<void> read_output();
  Result<Owned<OrtSessionOptions>> options() const;
  Result<Owned<OrtValue>> tensor(std::span<const std::int64_t> values) const;
  Result<Owned<OrtValue>> run(std::span<const OrtValue* const> values) const;
  Result<Output> output_of(const OrtValue& value, std::size_t ids) const;
};

OnnxSession::OnnxSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
OnnxSession::~OnnxSession() = default;

Result<std::unique_ptr<OnnxSession>> OnnxSession::open(std::shared_ptr<OnnxRuntime> runtime,
                                                       const std::filesystem::path& model,
                                                       const std::stop_token& stop) {
  auto impl = std::make_unique<Impl>();
  impl->runtime = std::move(runtime);
  CHECK_OK(impl->open(model, stop));
  return std::unique_ptr<OnnxSession>(new OnnxSession(std::move(impl)));
}

Result<void> OnnxSession::Impl::open(const std::filesystem::path& model,
                                     const std::stop_token& stop) {
  TRY(const auto settings, options());
  const std::stop_callback cancel(stop, [this, &settings] {
    api().ReleaseStatus(api().SessionOptionsSetLoadCancellationFlag(settings.get(), true));
  });
  auto opened = owned<OrtSession>(
      api(), api().ReleaseSession, "load " + model.string(), [&](OrtSession** out) {
        return api().CreateSession(runtime->impl_->env.get(), model.c_str(), settings.get(), out);
      });
  if (!opened && stop.stop_requested()) return fail(Errc::cancelled, "loading was stopped");
  if (!opened) return fail(Errc::invalid, std::move(opened.error().message));
  session = *std::move(opened);
  CHECK_OK(read_inputs());
  return read_output();
}

// One thread a run, since several texts at once are several runs; and no arena, which would keep
// the memory of the longest text for good (docs: 126 MB against 81 after a batch).
Result<Owned<OrtSessionOptions>> OnnxSession::Impl::options() const {
  const std::string_view what = "set up ONNX Runtime";
  TRY(auto made, owned<OrtSessionOptions>(
                     api(), api().ReleaseSessionOptions, what,
                     [&](OrtSessionOptions** out) { return api().CreateSessionOptions(out); }));
  CHECK_OK(check(api(), api().SetIntraOpNumThreads(made.get(), 1), what));
  CHECK_OK(check(api(), api().SetInterOpNumThreads(made.get(), 1), what));
  CHECK_OK(check(api(), api().DisableCpuMemArena(made.get()), what));
  CHECK_OK(check(api(), api().DisableMemPattern(made.get()), what));
  return made;
}

Result<void> OnnxSession::Impl::read_inputs() {
  OrtAllocator* allocator = nullptr;  // the library's own
  CHECK_OK(check(api(), api().GetAllocatorWithDefaultOptions(&allocator), "read the model"));
  std::size_t count = 0;
  CHECK_OK(check(api(), api().SessionGetInputCount(session.get(), &count), "read the model"));
  for (std::size_t i = 0; i < count; ++i) {
    char* name = nullptr;
    CHECK_OK(check(api(), api().SessionGetInputName(session.get(), i, allocator, &name),
                   "read the model"));
    inputs.emplace_back(name);
    allocator->Free(allocator, name);
    if (std::ranges::find(kKnownInputs, inputs.back()) == kKnownInputs.end()) {
      return fail(Errc::invalid, "the model wants an input \"" + inputs.back() +
                                     "\": it is no sentence encoder of the BERT kind");
    }
  }
  return {};
}

// The first output with three dimensions (text, token, number): "last_hidden_state" as a rule.
Result<void> OnnxSession::Impl::read_output() {
  OrtAllocator* allocator = nullptr;
  CHECK_OK(check(api(), api().GetAllocatorWithDefaultOptions(&allocator), "read the model"));
  std::size_t count = 0;
  CHECK_OK(check(api(), api().SessionGetOutputCount(session.get(), &count), "read the model"));
  for (std::size_t i = 0; i < count; ++i) {
    TRY(const auto type,
        owned<OrtTypeInfo>(api(), api().ReleaseTypeInfo, "read the model", [&](OrtTypeInfo** out) {
          return api().SessionGetOutputTypeInfo(session.get(), i, out);
        }));
    const OrtTensorTypeAndShapeInfo* info = nullptr;  // part of `type`
    CHECK_OK(check(api(), api().CastTypeInfoToTensorInfo(type.get(), &info), "read the model"));
    std::size_t rank = 0;
    if (info != nullptr)
      CHECK_OK(check(api(), api().GetDimensionsCount(info, &rank), "read the model"));
    if (rank != 3) continue;
    char* name = nullptr;
    CHECK_OK(check(api(), api().SessionGetOutputName(session.get(), i, allocator, &name),
                   "read the model"));
    output = name;
    allocator->Free(allocator, name);
    return {};
  }
  return fail(Errc::invalid, "the model has no output of token vectors (three dimensions)");
}

Result<OnnxSession::Output> OnnxSession::run(std::span<const std::int64_t> ids) const {
  const std::vector<std::int64_t> ones(ids.size(), 1);
  const std::vector<std::int64_t> zeros(ids.size(), 0);
  std::vector<Owned<OrtValue>> tensors;
  std::vector<const OrtValue*> values;
  for (const std::string& name : impl_->inputs) {
    const bool is_mask = name == "attention_mask";
    TRY(auto tensor, impl_->tensor(name == "input_ids" ? ids
                                   : is_mask           ? std::span(ones)
                                                       : std::span(zeros)));
    values.push_back(tensor.get());
    tensors.push_back(std::move(tensor));
  }
  TRY(const auto result, impl_->run(values));
  return impl_->output_of(*result, ids.size());
}

// Borrows the values.
Result<Owned<OrtValue>> OnnxSession::Impl::tensor(std::span<const std::int64_t> values) const {
  const std::array<std::int64_t, 2> shape{1, static_cast<std::int64_t>(values.size())};
  return owned<OrtValue>(api(), api().ReleaseValue, "make a tensor", [&](OrtValue** out) {
    // The interface has no type for tensors that are only read.
    return api().CreateTensorWithDataAsOrtValue(
        runtime->impl_->memory.get(), const_cast<std::int64_t*>(values.data()), values.size_bytes(),
        shape.data(), shape.size(), ONNX_TENSOR_ELEMENT_DATA_TYPE_INT64, out);
  });
}

Result<Owned<OrtValue>> OnnxSession::Impl::run(std::span<const OrtValue* const> values) const {
  std::vector<const char*> names;
  for (const std::string& name : inputs) names.push_back(name.c_str());
  const char* wanted = output.c_str();
  return owned<OrtValue>(api(), api().ReleaseValue, "run the model", [&](OrtValue** out) {
    return api().Run(session.get(), nullptr, names.data(), values.data(), values.size(), &wanted, 1,
                     out);
  });
}

Result<OnnxSession::Output> OnnxSession::Impl::output_of(const OrtValue& value,
                                                         std::size_t ids) const {
  TRY(const auto info,
      owned<OrtTensorTypeAndShapeInfo>(api(), api().ReleaseTensorTypeAndShapeInfo,
                                       "read the result", [&](OrtTensorTypeAndShapeInfo** out) {
                                         return api().GetTensorTypeAndShape(&value, out);
                                       }));
  std::array<std::int64_t, 3> shape{};
  std::size_t rank = 0;
  CHECK_OK(check(api(), api().GetDimensionsCount(info.get(), &rank), "read the result"));
  ONNXTensorElementDataType type = ONNX_TENSOR_ELEMENT_DATA_TYPE_UNDEFINED;
  CHECK_OK(check(api(), api().GetTensorElementType(info.get(), &type), "read the result"));
  if (rank == shape.size()) {
    CHECK_OK(check(api(), api().GetDimensions(info.get(), shape.data(), rank), "read the result"));
  }
  if (shape[0] != 1 || shape[1] != static_cast<std::int64_t>(ids) || shape[2] < 1 ||
      type != ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT) {
    return fail(Errc::invalid, "the model's output is not one row of floats per token");
  }
  void* data = nullptr;
  CHECK_OK(check(api(), api().GetTensorMutableData(const_cast<OrtValue*>(&value), &data),
                 "read the result"));
  const auto* numbers = static_cast<const float*>(data);
  Output out{.dimension = static_cast<std::size_t>(shape[2])};
  out.rows.assign(numbers, numbers + ids * out.dimension);
  return out;
}

}  // namespace mcpo::embed
