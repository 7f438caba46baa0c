// Port 5678 put together: TLS front, bootstrap over HTTP/1.1, ADS over gRPC, proxies' lifecycle and insights.
#pragma once

#include <memory>

#include "cmd/kuma-cp/authenticator.h"
#include "pkg/base/random.h"
#include "pkg/config/config.h"
#include "pkg/dpserver/bootstrap.h"
#include "pkg/dpserver/lifecycle.h"
#include "pkg/insights/dataplane_sink.h"
#include "pkg/io/loop.h"
#include "pkg/io/tls_front.h"
#include "pkg/store/admission.h"
#include "pkg/xds/pipeline.h"
#include "pkg/xds/server.h"

namespace kuma::cp {

struct DataplaneServerDeps {
  const config::Config& config;
  io::EventLoop& io_loop;
  io::WorkerPool& workers;
  store::Store& store;
  store::Admission& admission;
  const TypeRegistry& types;
  MetricRegistry& metrics;
  const Clock& clock;
  Random& random;
  std::string instance_id;
  bool shared_store = false;  // with other control planes
};

class DataplaneServer final : public xds::IdentityObserver {
 public:
  explicit DataplaneServer(DataplaneServerDeps deps);
  ~DataplaneServer() override;

  // Listens. `tls`: certificate of the server; its PEM goes into bootstraps of proxies that bring no CA. On the io loop.
  Status Start(xds::ProxyDirectory& directory, std::shared_ptr<io::TlsServerContext> tls, std::string cert_pem);
  // Streams end, insights are written. Not on the io loop, which must still run.
  void Stop();
  uint16_t port() const;

  void OnIdentity(const std::string& mesh, const std::string& dataplane, const xds::IdentityPtr& identity) override;
  void OnNotes(const xds::ProxyNode& node, const xds::ViewNotesPtr& notes) override { sink_->OnNotes(node, notes); }

 private:
  class Registrar;
  DataplaneServerDeps deps_;
  std::unique_ptr<dpserver::ProxyAuthenticator> authenticator_;
  std::unique_ptr<Registrar> registrar_;
  std::unique_ptr<dpserver::ProxyLifecycle> lifecycle_;
  std::unique_ptr<insights::DataplaneSink> sink_;
  std::unique_ptr<dpserver::BootstrapHandler> bootstrap_;
  std::shared_ptr<xds::Server> ads_;
  bool adopting_ = true;  // io loop
  std::unique_ptr<io::TlsFrontServer> front_;
};

}  // namespace kuma::cp
