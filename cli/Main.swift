import ArgumentParser
import Configuration
import Mustache
@main struct Sheltie: ParsableCommand {}
