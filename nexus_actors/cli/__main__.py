from nexus_actors.cli.main import main

main()
