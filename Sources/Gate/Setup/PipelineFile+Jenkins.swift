extension PipelineFile {
  static func jenkins(policy: String, keyVariable: String?) -> String {
    // Groovy reads backslashes within the script's quotes, and no dollar signs.
    let path = shellWord(policy).replacing(#"\"#, with: #"\\"#)
    let credentials = keyVariable.map { "string(credentialsId: '\($0)', variable: '\($0)')" } ?? ""
    return #"""
      // May this model ship? Written by `sluice init`; yours to change. Needs the plugins Pipeline, Credentials Binding and JUnit, and an
      // agent with Linux and curl.
      // Environment variables: SLUICE_RELEASE and SLUICE_SHA256, the address of a release's tarball
      // (sluice-VERSION-linux-x86_64.tar.gz) and its sum. The ledger stays in the agent's workspace; where workspaces are swept, set
      // SLUICE_LEDGER_FOLDER to a folder that only Jenkins' user can enter.
      // Don't build pull requests from forks with this job: a stranger's Jenkinsfile would be given the credentials.
      pipeline {
        agent any
        options {
          disableConcurrentBuilds()
          timeout(time: 120, unit: 'MINUTES')
          buildDiscarder(logRotator(numToKeepStr: '100'))
        }
        stages {
          stage('Install Sluice') {
            steps {
              sh(label: 'Install Sluice', script: '''
                set -eu
                rm -rf .sluice-release
                mkdir .sluice-release
                curl --fail --silent --show-error --location --retry 3 --output .sluice-release/sluice.tar.gz "${SLUICE_RELEASE:?}"
                echo "${SLUICE_SHA256:?}  .sluice-release/sluice.tar.gz" | sha256sum --check --quiet
                tar -xzf .sluice-release/sluice.tar.gz --strip-components=1 -C .sluice-release
              ''')
            }
          }
          stage('Gate') {
            steps {
              // Older reports say nothing about this run.
              sh 'rm -rf build/sluice'
              withCredentials([\#(credentials)]) {
                script {
                  // In single quotes: the shell reads the variables, so that neither Groovy nor a log sees their values.
                  int code = sh(label: 'Run the policy', returnStatus: true, script: '''
                    PATH="$PWD/.sluice-release/bin:$PATH"
                    set -- \#(path)
                    if [ -n "${SLUICE_LEDGER_FOLDER:-}" ]; then set -- "$@" --set ledger.path="$SLUICE_LEDGER_FOLDER/ledger.sqlite"; fi
                    exec .sluice-release/share/sluice/recipes/run "$@"
                  ''')
                  def meanings = [
                    0: 'This model may ship.',
                    1: 'This model may not ship; the report says why.',
                    2: 'Inconclusive; the report says how much evidence is missing.',
                    69: 'No verdict yet: a server was away. Build again; the run goes on where it stopped.',
                    75: 'No verdict yet: interrupted. Build again; the run goes on where it stopped.',
                  ]
                  def meaning = meanings.containsKey(code) ? meanings[code] : "No verdict (exit code ${code}); the log of the run says why."
                  currentBuild.description = meaning
                  if (code != 0) { error(meaning) }
                }
              }
            }
          }
        }
        post {
          always {
            junit testResults: 'build/sluice/junit.xml', allowEmptyResults: true
            archiveArtifacts artifacts: 'build/sluice/**', allowEmptyArchive: true
          }
        }
      }

      """#
  }
}
