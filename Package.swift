// swift-tools-version: 6.2
import PackageDescription

/// Every module builds in the Swift 6 language mode with warnings as errors.
let strict: [SwiftSetting] = [.swiftLanguageMode(.v6), .treatAllWarnings(as: .error)]

/// The vector units that every x86-64 server since 2013 (Intel) or 2015 (AMD) has: AVX2 and FMA. Elsewhere the default.
#if arch(x86_64)
  let vectors = ["-Xcc", "-march=x86-64-v3"]
#else
  let vectors: [String] = []
#endif

/// Optimised kernels: `-Ounchecked` removes bounds checks from the hot loops only; shapes are checked at the API edge.
let kernels: [SwiftSetting] =
  strict + [.unsafeFlags(vectors), .unsafeFlags(["-Ounchecked"], .when(configuration: .release))]

let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")
let realModule = Target.Dependency.product(name: "RealModule", package: "swift-numerics")
let flyingFox = Target.Dependency.product(name: "FlyingFox", package: "FlyingFox")
let logging = Target.Dependency.product(name: "Logging", package: "swift-log")
let memoryLogging = Target.Dependency.product(name: "InMemoryLogging", package: "swift-log")
let argumentParser = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func module(
  _ name: String, _ dependencies: [Target.Dependency] = [], settings: [SwiftSetting] = strict,
  resources: [Resource] = []
) -> Target {
  .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

/// Tests that wait for what they test aren't optimised themselves: compiling them would take longer than they run.
let unoptimised: [SwiftSetting] = strict + [.unsafeFlags(["-Onone"], .when(configuration: .release))]

/// Tests of a module, `numerical` where they compute much themselves.
func tests(
  _ name: String, _ dependencies: [Target.Dependency], numerical: Bool = false, exclude: [String] = [],
  resources: [Resource] = []
) -> Target {
  .testTarget(
    name: name, dependencies: dependencies, exclude: exclude, resources: resources,
    swiftSettings: numerical ? strict : unoptimised)
}

let package = Package(
  name: "sluice",
  platforms: [.macOS(.v15)],
  products: [
    .executable(name: "sluice", targets: ["sluice"]),
    // For gates of one's own: see Sources/sluice/Sluice.docc/BuildAGate.md.
    .library(
      name: "SluiceKit",
      targets: [
        "Core", "Kinds", "Targets", "Judges", "Attackers", "Statistics", "Decisions", "Policies", "Reports", "Gate",
      ]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-numerics", from: "1.1.1"),
    .package(url: "https://github.com/swhitty/FlyingFox", from: "0.27.1"),
  ],
  targets: [
    // System libraries: a module map and a shim header each.
    .systemLibrary(name: "CProcess"),
    .systemLibrary(name: "CProcessor"),
    .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CLibcurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
    .systemLibrary(name: "CLibxml2", pkgConfig: "libxml-2.0", providers: [.apt(["libxml2-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CLibarchive", pkgConfig: "libarchive", providers: [.apt(["libarchive-dev"])]),
    .systemLibrary(name: "CLibsodium", pkgConfig: "libsodium", providers: [.apt(["libsodium-dev"])]),

    // Data flows downward; nothing imports upward.
    module("Core"),
    module("Kinds", ["Core"]),
    module("Logs", ["Core", logging]),
    module("Transforms", ["Core", "Kinds"]),
    module("Tensors", ["CProcessor", realModule], settings: kernels),
    module("Tokenizers", ["Core"]),
    module("ChatTemplates", ["Core"]),
    module("LanguageModels", ["Core", "Tensors", "Tokenizers", "ChatTemplates"]),
    module("Attackers", ["Core", "Kinds", "Tensors", "LanguageModels", logging]),
    module("Targets", ["Core", "Kinds", "ChatTemplates", "Tokenizers", "LanguageModels", "CLibcurl", logging]),
    module("AttackerWorkers", ["Core", "Kinds", "Attackers", "Targets"]),
    module("Judges", ["Core", "Kinds", "Targets", "LanguageModels", yams, logging]),
    module("Statistics", ["Core"]),
    module("Decisions", ["Core", "Statistics"]),
    module("SafetyTuning", ["Core", "Kinds", "ChatTemplates", "LanguageModels", "Targets"]),
    module("Evidence", ["Core", "CLibsodium", "CZlib", grdb, sqlite]),
    module(
      "Policies",
      [
        "Core", "Kinds", "Transforms", "Statistics", "Decisions", "Targets", "Judges", "SafetyTuning", "Attackers",
        "AttackerWorkers", "Reports", yams,
      ]),
    module("Reports", ["Core", "Kinds", "Decisions", "CLibxml2"]),
    module("Suites", ["Core", "Kinds", "Policies", "CLibarchive"]),
    module("Lab", ["Core", "Tokenizers", "LanguageModels"]),
    module(
      "Gate",
      [
        "Core", "Kinds", "Tensors", "ChatTemplates", "LanguageModels", "Attackers", "AttackerWorkers", "Targets",
        "Judges", "Statistics", "Decisions", "SafetyTuning", "Evidence", "Policies", "Suites", "Reports", "Lab",
        "Transforms", "CProcess", logging,
      ]),
    module("Review", ["Core", "Judges", "Statistics", "Evidence", "Policies", "Gate", flyingFox]),
    .executableTarget(
      name: "sluice",
      dependencies: [
        "Core", "Kinds", "Logs", "LanguageModels", "Attackers", "Evidence", "Policies", "Reports", "Gate", "Review",
        "CProcess", argumentParser, logging,
      ], swiftSettings: strict),
    // OpenBLAS, for tests and measurements alone: the program doesn't link it.
    module("ReferenceProduct", ["COpenBLAS"]),
    // Measurements behind .ci/bench; no product.
    .executableTarget(
      name: "sluice-bench",
      dependencies: [
        "Core", "Tensors", "Tokenizers", "LanguageModels", "Attackers", "Targets", "Judges", "Policies", "Suites",
        "Statistics", "Decisions", "Gate", "Lab", "ReferenceProduct", argumentParser, logging,
      ],
      path: "Sources/Benchmarks", exclude: ["Peers"], swiftSettings: strict),

    tests("CoreTests", ["Core"]),
    tests("LogsTests", ["Core", "Logs", logging]),
    tests("TensorsTests", ["Tensors", "ReferenceProduct"], numerical: true),
    tests("TokenizersTests", ["Core", "Tokenizers"], resources: [.copy("Fixtures")]),
    tests(
      "ChatTemplatesTests", ["Core", "ChatTemplates"], exclude: ["Goldens/make_goldens.py", "Goldens/features.txt"],
      resources: [.copy("Goldens/goldens.json")]),
    tests(
      "LanguageModelsTests", ["Core", "Tensors", "Tokenizers", "ChatTemplates", "LanguageModels"], numerical: true,
      resources: [.copy("Checkpoints/Fixtures")]),
    // A victim and an embedder for searches.
    .target(
      name: "AttackDoubles", dependencies: ["Core"], path: "Tests/AttackDoubles", swiftSettings: strict),
    tests("AttackersTests", ["Core", "LanguageModels", "Attackers", "AttackDoubles"], numerical: true),
    // A server that misbehaves on demand, for the tests of everything that speaks HTTP.
    .target(name: "FakeServer", path: "Tests/FakeServer", swiftSettings: strict),
    // The same as a program, for runs that start their servers themselves.
    .executableTarget(
      name: "model-server", dependencies: ["FakeServer"], path: "Tests/ModelServer", swiftSettings: strict),
    // A worker that runs an attacker's model, and misbehaves on demand.
    .executableTarget(
      name: "attacker-worker", dependencies: ["AttackerWorkers", "Attackers", "Core", "LanguageModels", "FakeServer"],
      path: "Tests/AttackerWorker", swiftSettings: strict),
    tests(
      "AttackerWorkersTests",
      ["Core", "LanguageModels", "Attackers", "Targets", "AttackerWorkers", "AttackDoubles", "FakeServer"]),
    tests(
      "TargetsTests",
      ["Core", "Tokenizers", "ChatTemplates", "LanguageModels", "Targets", "FakeServer", logging, memoryLogging],
      exclude: ["Replies"]),
    tests("JudgesTests", ["Core", "LanguageModels", "Targets", "Judges", "FakeServer"]),
    tests("StatisticsTests", ["Core", "Statistics"], numerical: true, exclude: ["Goldens"]),
    tests("DecisionsTests", ["Core", "Statistics", "Decisions"], numerical: true),
    tests(
      "SafetyTuningTests", ["Core", "LanguageModels", "Targets", "SafetyTuning", "FakeServer"], exclude: ["Trainers"]),
    tests("EvidenceTests", ["Core", "Evidence", grdb]),
    tests("TransformsTests", ["Core", "Transforms"]),
    tests("PoliciesTests", ["Core", "Kinds", "Decisions", "Targets", "Judges", "SafetyTuning", "Policies"]),
    tests("SuitesTests", ["Core", "Policies", "Suites", "FakeServer"]),
    tests("ReportsTests", ["Core", "Decisions", "Reports", "CLibxml2"]),
    tests("BenchmarksTests", ["Core", "LanguageModels", "Attackers", "Lab", "Gate", "sluice-bench"]),
    tests("LabTests", ["Core", "Judges", "LanguageModels", "Lab"]),
    tests(
      "GateTests",
      [
        "Core", "Kinds", "LanguageModels", "Attackers", "AttackerWorkers", "Targets", "Judges", "Statistics",
        "Decisions", "SafetyTuning", "Evidence", "Policies", "Suites", "Reports", "Gate", "Transforms", logging,
        memoryLogging,
      ], exclude: ["Documentation/Promised"]),
    tests("ReviewTests", ["Evidence", "Review"]),
    tests("EndToEndTests", ["Core", "FakeServer", sqlite], exclude: ["Faults", "Attestations", "Deliveries"]),
  ]
)

// Harnesses for libFuzzer, built by .ci/fuzz alone: everything is instrumented for them.
if Context.environment["SLUICE_FUZZ"] != nil {
  package.products.append(.library(name: "Fuzz", type: .static, targets: ["Fuzz"]))
  package.targets.append(
    .target(
      name: "Fuzz", dependencies: ["Core", "ChatTemplates", "LanguageModels", "Tokenizers", "Policies"],
      path: "Tests/Fuzz",
      exclude: ["Seeds", "safetensors.dict", "policy.dict"], swiftSettings: strict))
}
