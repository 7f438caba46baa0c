// The REST API as kumactl uses it. Statuses of 400 and above become errors with the server's title, detail and violations; no answer
// becomes a text that says what to do next. One thread.
#pragma once

#include <chrono>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "pkg/base/json.h"
#include "pkg/kumactl/config_file.h"
#include "pkg/kumactl/environment.h"

namespace kuma::kumactl {

using Query = std::vector<std::pair<std::string, std::string>>;

struct ApiCall {
  std::string method = "GET";
  std::string path;  // made by ApiPath
  Query query = {};
  std::string body = {};  // JSON
};

// One page of a list.
struct ApiList {
  std::vector<Json> items;
  int64_t total = 0;
  std::string next;         // address of the next page, or empty
  std::string next_offset;  // its offset
};

// "/meshes/default/dataplanes", every segment escaped.
std::string ApiPath(const std::vector<std::string>& segments);

class ApiClient {
 public:
  // `trace` gets one line a request, or is null.
  ApiClient(ControlPlane control_plane, io::TlsClientOptions tls, std::chrono::milliseconds timeout, std::shared_ptr<Transport> transport,
            std::ostream* trace);

  Result<io::HttpResponse> Call(const ApiCall& call);
  Result<Json> GetJson(const std::string& path, const Query& query = {});
  Result<ApiList> ListPage(const std::string& path, const Query& query = {});
  // All pages, in the order of the server.
  Result<ApiList> ListAll(const std::string& path, const Query& query = {});

  const ControlPlane& control_plane() const { return control_plane_; }

 private:
  Error Unreachable(const Error& cause) const;

  const ControlPlane control_plane_;
  const io::TlsClientOptions tls_;
  const std::chrono::milliseconds timeout_;
  const std::shared_ptr<Transport> transport_;
  std::ostream* const trace_;
};

// TLS settings of a server. An https server is verified against its CA file, else the certificate that a control plane of this user on
// this machine wrote below `home` (loopback addresses only), else the system's roots; only skipVerify turns that off.
Result<io::TlsClientOptions> TlsOptionsFor(const ApiServer& server, const std::string& home);

// GETs any address and follows redirects: files given as URL.
Result<std::string> FetchUrl(Transport& transport, std::string url);

}  // namespace kuma::kumactl
